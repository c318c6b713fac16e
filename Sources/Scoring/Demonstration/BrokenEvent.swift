/// Ways in which an event can be unusable; a demonstration sends a trickle of them, so that dead letters are seen.
enum BrokenEvent: CaseIterable {
    case truncated
    case missingField
    case wrongType
    case invalidTime

    /// The kind of the nth broken event: each in turn.
    init(number: Int) { self = Self.allCases[number % Self.allCases.count] }

    /// Breaks a generated event in its JSON form.
    func apply(to value: inout [UInt8]) {
        switch self {
        case .truncated: value.removeLast(value.count / 2)
        case .missingField:
            guard let range = Self.member("tx_amount", of: value) else { return }
            // With the comma before it: it is not the first member.
            value.removeSubrange(range.name.lowerBound - 1..<range.value.upperBound)
        case .wrongType:
            guard let range = Self.member("tx_amount", of: value) else { return }
            value.replaceSubrange(range.value, with: "true".utf8)
        case .invalidTime:
            guard let range = Self.member("tx_datetime", of: value) else { return }
            value.replaceSubrange(range.value, with: "\"yesterday\"".utf8)
        }
    }

    /// Where a member stands; no value of a generated event has a comma or a brace in it.
    private static func member(_ name: String, of value: [UInt8]) -> (name: Range<Int>, value: Range<Int>)? {
        let pattern = Array("\"\(name)\":".utf8)
        guard value.count >= pattern.count,
            let start = (0...value.count - pattern.count).first(where: { value[$0...].starts(with: pattern) })
        else { return nil }
        let from = start + pattern.count
        let end = value[from...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? value.endIndex
        return (start..<from, from..<end)
    }
}
