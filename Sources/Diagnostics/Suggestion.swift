/// Suggestions for a misspelt word, chosen from what is legal where it stands.
public enum Suggestion {
    /// The most choices that are listed where nothing is near.
    public static let choicesMax = 8

    /// `did you mean "mean"?` for the nearest of `choices` within a third of the word's length, else a list of up to
    /// eight of them, else `nil`. Ties go to the earlier choice.
    public static func text(for word: String, among choices: [String]) -> String? {
        if let nearest = nearest(to: word, among: choices) { return "did you mean \"\(nearest)\"?" }
        guard !choices.isEmpty, choices.count <= choicesMax else { return nil }
        return "expected one of " + choices.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// The nearest choice by edit distance (insert, delete, replace, swap of neighbours), at most a third of the length
    /// away.
    public static func nearest(to word: String, among choices: [String]) -> String? {
        let limit = max(1, word.count / 3)
        var best: (choice: String, distance: Int)?
        for choice in choices {
            let distance = editDistance(Array(word.lowercased()), Array(choice.lowercased()))
            if distance <= limit, distance < best?.distance ?? .max { best = (choice, distance) }
        }
        return best?.choice
    }

    /// Optimal string alignment distance. Complexity: O(n m) time, three rows of memory.
    static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        // A far longer word is never near: this bounds the work on hostile input.
        if abs(left.count - right.count) > 32 || max(left.count, right.count) > 256 { return .max }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, b) in right.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (a == b ? 0 : 1))
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
