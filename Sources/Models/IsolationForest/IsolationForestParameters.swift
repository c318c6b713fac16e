/// How an isolation forest is grown.
public struct IsolationForestParameters: Hashable, Sendable {
    public static let treesMax = 10_000
    public static let sampleMax = 1 << 20
    /// The samples of all trees are in memory while rows come by: so many numbers, 1 GiB.
    public static let sampledNumbersMax = 1 << 27

    public var treeCount: Int
    /// Rows that each tree is grown from, drawn without replacement; all of them where there are fewer.
    public var sample: Int
    /// The same rows in the same order with the same seed give the same forest; not negative.
    public var seed: Int

    /// The paper's figures: more trees steady the scores, more rows a tree seldom help.
    public init(treeCount: Int = 100, sample: Int = 256, seed: Int = 1) {
        self.treeCount = treeCount
        self.sample = sample
        self.seed = seed
    }

    /// What is wrong with them for so many inputs, a sentence that names the bound; `nil`: nothing.
    public func problem(inputCount: Int) -> String? {
        if inputCount < 1 { return "a forest needs at least one input" }
        if inputCount > ForestLimits().featuresMax {
            return "\(inputCount) inputs, where at most \(ForestLimits().featuresMax) are accepted"
        }
        guard (1...Self.treesMax).contains(treeCount) else {
            return "\(treeCount) trees, where 1 to \(Self.treesMax) are accepted"
        }
        guard (2...Self.sampleMax).contains(sample) else {
            return "samples of \(sample) rows, where 2 to \(Self.sampleMax) are accepted"
        }
        guard seed >= 0 else { return "the seed \(seed) is negative" }
        // None of the factors is beyond 2^20: the product fits.
        let numbers = treeCount * sample * inputCount
        guard numbers <= Self.sampledNumbersMax else {
            return
                "\(treeCount) trees x \(sample) rows x \(inputCount) inputs are \(numbers) numbers in memory, where at "
                + "most \(Self.sampledNumbersMax) are accepted: take fewer trees or smaller samples"
        }
        return nil
    }
}
