/// Grows one tree from its sample (Liu, Ting and Zhou, "Isolation Forest", ICDM 2008).
///
/// A node's feature is drawn from those that are not constant in its rows, its threshold evenly between their least and
/// greatest value. Which way missing values go is drawn by the shares of the rows that have a value: over many trees a
/// missing value so counts as what is usual, neither as an anomaly nor as its opposite.
struct IsolationTreeGrower {
    private let values: [Double]
    private let width: Int
    private let depthMax: Int
    private var random: SampleRandom
    private var tree = IsolationTree()
    /// The sample's rows; a node's stand together.
    private var rows: [Int]
    /// In the order in which they are drawn for a node.
    private var features: [Int]

    /// A row's values as trees see them: an infinite one is the greatest there is, and what is next to nothing is 0, as it
    /// is when the forest scores.
    static func plain(_ value: Double) -> Double {
        if value.isInfinite { return value < 0 ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude }
        return abs(value) <= DoubleSplit.zeroMax ? 0 : value
    }

    init(_ reservoir: RowReservoir, width: Int) {
        values = reservoir.values.map(Self.plain)
        self.width = width
        random = reservoir.random
        rows = Array(0..<reservoir.rowCount)
        features = Array(0..<width)
        depthMax = IsolationTree.depthMax(sample: reservoir.rowCount)
    }

    /// Complexity: O(rows x depth) where few features are constant, at most as often as there are features.
    consuming func grow() -> IsolationTree {
        var grower = self
        grower.grow(0..<grower.rows.count, depth: 0)
        return grower.tree
    }

    /// The depth is bounded by the logarithm of the sample.
    private mutating func grow(_ range: Range<Int>, depth: Int) {
        let node = tree.appendLeaf(rows: range.count)
        guard depth < depthMax, range.count > 1, let split = drawSplit(range) else { return }
        let middle = part(range, by: split)
        tree.features[node] = Int32(split.feature)
        tree.thresholds[node] = split.threshold
        tree.missingRight[node] = split.missingRight ? 1 : 0
        tree.lefts[node] = Int32(tree.nodeCount)
        grow(range.lowerBound..<middle, depth: depth + 1)
        tree.rights[node] = Int32(tree.nodeCount)
        grow(middle..<range.upperBound, depth: depth + 1)
    }

    private struct Split {
        let feature: Int
        let threshold: Double
        let missingRight: Bool
    }

    /// `nil`: all features are constant.
    private mutating func drawSplit(_ range: Range<Int>) -> Split? {
        for drawn in 0..<width {
            features.swapAt(drawn, drawn + random.below(width - drawn))
            let feature = features[drawn]
            guard let (least, greatest) = bounds(of: feature, range), least < greatest else { continue }
            let threshold = drawThreshold(least, greatest)
            var (left, right) = (0, 0)
            for row in rows[range] {
                let value = values[row * width + feature]
                if value <= threshold { left += 1 } else if value > threshold { right += 1 }
            }
            return Split(
                feature: feature, threshold: threshold, missingRight: random.below(left + right) < right)
        }
        return nil
    }

    /// `nil`: all values are missing.
    private func bounds(of feature: Int, _ range: Range<Int>) -> (least: Double, greatest: Double)? {
        var (least, greatest) = (Double.infinity, -Double.infinity)
        for row in rows[range] {
            let value = values[row * width + feature]
            if value < least { least = value }
            if value > greatest { greatest = value }
        }
        return least <= greatest ? (least, greatest) : nil
    }

    /// At least `least` and below `greatest`: both sides get a row.
    private mutating func drawThreshold(_ least: Double, _ greatest: Double) -> Double {
        let share = random.unit()
        // Not least + share x (greatest - least): the difference may be beyond all numbers.
        let threshold = Self.plain(least * (1 - share) + greatest * share)
        return threshold >= least && threshold < greatest ? threshold : least
    }

    /// Puts the rows that go left before the others; returns where these begin.
    private mutating func part(_ range: Range<Int>, by split: Split) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let value = values[rows[low] * width + split.feature]
            let goesRight = value.isNaN ? split.missingRight : value > split.threshold
            if goesRight {
                high -= 1
                rows.swapAt(low, high)
            } else {
                low += 1
            }
        }
        return low
    }
}
