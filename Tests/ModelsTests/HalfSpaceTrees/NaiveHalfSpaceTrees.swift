#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@testable import Models

/// Half-space trees as they are defined, with nothing left out and nothing shared: every node of a path counts, one
/// event after the other.
struct NaiveHalfSpaceTrees {
    let parameters: HalfSpaceTreesParameters
    private var window: [[Double]] = []
    private var isFirst = true
    private var ranges: [InputRange]
    /// By tree: how many events of the reference came by each node, which is named by the turns to it.
    private var masses: [[String: Int]] = []
    private var referenceRows = 0

    init(_ parameters: HalfSpaceTreesParameters) {
        self.parameters = parameters
        ranges = Array(repeating: .unit, count: parameters.inputCount)
    }

    /// Scores an event and learns it.
    mutating func score(_ event: [Double]) -> Double {
        let score = referenceRows == 0 ? Double.nan : score(of: event)
        window.append(event)
        let part = isFirst && [8, 4, 2].contains { parameters.window / $0 == window.count }
        if part || window.count == parameters.window { makeReference() }
        if window.count == parameters.window {
            window = []
            isFirst = false
        }
        return score
    }

    private func score(of event: [Double]) -> Double {
        var sum = 0.0
        let limit =
            (referenceRows * parameters.sizeLimit + parameters.window - 1) / parameters.window
        for tree in 0..<parameters.trees {
            for (depth, node) in path(tree, event).enumerated() {
                let mass = masses[tree][node] ?? 0
                sum += Double(mass) * Double(1 << depth)
                if mass < limit { break }
            }
        }
        let mean = sum * (1 / (Double(parameters.trees) * Double(referenceRows)))
        return 1 - log2(mean) / Double(parameters.height + 1)
    }

    private mutating func makeReference() {
        referenceRows = window.count
        for input in 0..<parameters.inputCount {
            let values = window.map { $0[input] }
            var extremes = values
            if let range = InputRange(of: values, count: values.count, extremes: &extremes) { ranges[input] = range }
        }
        masses = (0..<parameters.trees).map { tree in
            window.reduce(into: [:]) { masses, event in
                for node in path(tree, event) { masses[node, default: 0] += 1 }
            }
        }
    }

    /// The names of all nodes that an event comes by, the root's first.
    private func path(_ tree: Int, _ event: [Double]) -> [String] {
        let root = HalfSpaceRandom.root(seed: parameters.seed, tree: tree)
        var work = (0..<parameters.inputCount).map { input in
            let middle = HalfSpaceRandom.middle(root: root, input: input)
            let half = 2 * max(middle, HalfSpacePlace.one - middle)
            return (low: middle - half, high: middle + half)
        }
        var draw = root
        var name = ""
        var names = [name]
        for _ in 0..<parameters.height {
            let input = HalfSpaceRandom.input(of: draw, count: parameters.inputCount)
            // Sums of whole numbers below 2^53: exact.
            let middle = Int32(((Double(work[input].low) + Double(work[input].high)) / 2).rounded(.down))
            let isRight = ranges[input].place(event[input]) >= middle
            if isRight { work[input].low = middle } else { work[input].high = middle }
            draw = HalfSpaceRandom.child(of: draw, isRight: isRight)
            name += isRight ? "R" : "L"
            names.append(name)
        }
        return names
    }
}
