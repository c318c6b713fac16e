import Features

/// A feature that is an expression, read and not yet compiled.
struct ExpressionDraft {
    let feature: FeatureIndex
    let name: Located<String>
    let text: Located<String>
    let parsed: ParsedExpression
    /// Whether a field has its name: read under it, it is no reading of itself.
    let mayReadItsName: Bool
}

/// Puts features that read each other in order: each behind what it reads, else as the file has them.
///
/// Complexity: O(features + names that they read).
struct ExpressionOrder {
    /// One step of a cycle: a draft, and where it reads the next.
    struct Step {
        let draft: Int
        let reading: ParsedExpression.Name
    }

    /// Drafts that can be computed, in order.
    private(set) var sorted: [Int] = []
    /// Drafts that need each other, each cycle once; a draft that only reads from a cycle is in none.
    private(set) var cycles: [[Step]] = []

    init(_ drafts: [ExpressionDraft]) {
        let places = Dictionary(
            drafts.enumerated().map { ($1.name.value, $0) }, uniquingKeysWith: { first, _ in first })
        var readers: [[Int]] = Array(repeating: [], count: drafts.count)
        var readings: [[(draft: Int, name: ParsedExpression.Name)]] = Array(repeating: [], count: drafts.count)
        for (index, draft) in drafts.enumerated() {
            for name in draft.parsed.names {
                guard let read = places[name.name], !(read == index && draft.mayReadItsName) else { continue }
                readings[index].append((read, name))
                readers[read].append(index)
            }
        }
        var waiting = readings.map(\.count)
        sorted = drafts.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < sorted.count {
            for reader in readers[sorted[next]] {
                waiting[reader] -= 1
                if waiting[reader] == 0 { sorted.append(reader) }
            }
            next += 1
        }
        findCycles(readings, waiting)
    }

    /// Follows from each draft that cannot be computed the first such draft that it reads.
    private mutating func findCycles(_ readings: [[(draft: Int, name: ParsedExpression.Name)]], _ waiting: [Int]) {
        var walks = Array(repeating: -1, count: readings.count)
        for start in readings.indices where waiting[start] > 0 {
            var path: [Step] = []
            var draft = start
            while walks[draft] == -1, let step = readings[draft].first(where: { waiting[$0.draft] > 0 }) {
                walks[draft] = start
                path.append(Step(draft: draft, reading: step.name))
                draft = step.draft
            }
            guard walks[draft] == start, let first = path.firstIndex(where: { $0.draft == draft }) else { continue }
            cycles.append(Array(path[first...]))
        }
    }
}
