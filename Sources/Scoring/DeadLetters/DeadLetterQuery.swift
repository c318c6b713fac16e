import Diagnostics
import Events

/// Which dead letters are meant.
public struct DeadLetterQuery: Hashable, Sendable {
    /// Empty: any.
    public var codes: Set<String> = []
    /// Empty: any.
    public var origins: Set<DeadLetterOrigin> = []
    /// Written to the dead-letter topic at this time or later; `nil`: whenever. A letter without a time is left out.
    public var sinceMicroseconds: Int64?
    /// The last offset of each partition that is not meant any more.
    public var after = DeadLetterPosition()
    /// At most so many that match.
    public var limit = Int.max

    public init() {}

    /// Every code that a dead letter may have.
    static let codeNames = FaultCode.allCases.filter { $0 != .none }.map(\.name) + ["score-too-large"]

    /// What is wrong with a code that no letter can have; `nil`: nothing is.
    public static func problem(ofCode code: String) -> String? {
        if codeNames.contains(code) { return nil }
        let advice =
            Suggestion.text(for: code, among: codeNames) ?? "expected one of " + codeNames.joined(separator: ", ")
        return "no dead letter has the code \"\(code)\"; \(advice)"
    }

    func matches(_ letter: DeadLetter) -> Bool {
        (codes.isEmpty || codes.contains(letter.code))
            && (origins.isEmpty || letter.origin.map(origins.contains) == true)
            && (sinceMicroseconds.map { since in letter.timeMicroseconds.map { $0 >= since } ?? false } ?? true)
    }
}

/// How far a dead-letter topic has been gone through: the last offset of each partition.
///
/// As text, `0:1041`, several with commas; just `1041` for a topic of one partition.
public struct DeadLetterPosition: Hashable, Sendable, CustomStringConvertible {
    public private(set) var offsets: [Int32: Int64] = [:]

    public init() {}

    public init?(_ text: String) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
            guard numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
                let offset = numbers.last.flatMap({ Int64($0) }), offset < .max,
                let partition = numbers.count == 2 ? Int32(numbers[0]) : numbers.count == 1 ? 0 : nil,
                offsets[partition] == nil
            else { return nil }
            offsets[partition] = offset
        }
    }

    public var isEmpty: Bool { offsets.isEmpty }

    public var description: String {
        offsets.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: ",")
    }

    /// The first offset that is still meant.
    func first(in partition: Int32) -> Int64 { offsets[partition].map { $0 + 1 } ?? 0 }

    mutating func pass(_ offset: Int64, in partition: Int32) {
        if offset > offsets[partition] ?? -1 { offsets[partition] = offset }
    }
}
