/// Trains an isolation forest from rows that come by once: a sample for each tree is kept, nothing else.
///
/// The same rows in the same order with the same parameters give the same forest, to the bit.
public struct IsolationForestTrainer: Sendable {
    private let inputs: [String]
    private let parameters: IsolationForestParameters
    private var reservoirs: [RowReservoir]
    /// The next row that any tree takes.
    private var next = 0
    /// Rows that have come by.
    public private(set) var rowCount = 0

    /// `inputs` names a row's numbers, each once. Parameters have to be without a problem for so many.
    public init(inputs: [String], parameters: IsolationForestParameters) {
        if let problem = parameters.problem(inputCount: inputs.count) { preconditionFailure(problem) }
        self.inputs = inputs
        self.parameters = parameters
        reservoirs = (0..<parameters.treeCount).map {
            RowReservoir(
                capacity: parameters.sample, width: inputs.count, random: SampleRandom(seed: parameters.seed, tree: $0))
        }
    }

    /// Numbers that are kept at most.
    public var sampledNumbersMax: Int { parameters.treeCount * parameters.sample * inputs.count }

    /// Shows a row to the trees; NaN is a missing value.
    ///
    /// Complexity: O(1) for a row that no tree takes, which in a long history is nearly every one.
    public mutating func add(_ row: UnsafeBufferPointer<Double>) {
        precondition(row.count == inputs.count, "\(row.count) numbers for \(inputs.count) inputs")
        if rowCount == next {
            next = .max
            for tree in reservoirs.indices {
                if reservoirs[tree].next == rowCount { reservoirs[tree].take(row) }
                next = min(next, reservoirs[tree].next)
            }
        }
        rowCount += 1
    }

    /// Grows the trees; there has to have been a row.
    ///
    /// Complexity: O(trees x sample x log sample), times the features where most of them are constant.
    public consuming func train() -> IsolationForest {
        precondition(rowCount > 0, "a forest of no rows")
        let width = inputs.count
        return IsolationForest(
            inputs: inputs, sample: min(parameters.sample, rowCount), seed: parameters.seed, rowCount: rowCount,
            trees: reservoirs.map { IsolationTreeGrower($0, width: width).grow() })
    }
}
