/// A piece of a topic: `TOPIC`, `TOPIC/PARTITION`, and from where to where, `@FROM..TO`, either of them left out.
///
/// FROM and TO are offsets, which count in each partition by itself, or times of the records' own timestamps. What is at
/// FROM is in it, what is at TO is not.
public struct TopicRange: Hashable, Sendable, CustomStringConvertible {
    public enum Bound: Hashable, Sendable {
        case offset(Int64)
        /// Since 1970-01-01, UTC.
        case milliseconds(Int64)
    }

    public let topic: String
    /// `nil`: all of them.
    public let partition: Int32?
    public let from: Bound?
    public let to: Bound?
    /// As it was written.
    public let description: String

    /// - Parameter time: reads a time, in milliseconds since 1970; `nil`: the text is none.
    /// - Throws: `NumberFailure`: what cannot be read, and how it is to be written.
    public init(_ text: String, time: (String) -> Int64?) throws(NumberFailure) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let place = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard !place[0].isEmpty else { throw Self.unreadable(text, "it names no topic") }
        var partition: Int32?
        if place.count > 1 {
            partition = Self.digits(place[1]).flatMap(Int32.init(exactly:))
            if partition == nil { throw Self.unreadable(text, "\"\(place[1])\" is no partition") }
        }
        var bounds: [Bound?] = [nil, nil]
        if parts.count > 1 {
            guard let dots = parts[1].firstRange(of: "..") else { throw Self.unreadable(text, "it lacks \"..\"") }
            for (index, word) in [parts[1][..<dots.lowerBound], parts[1][dots.upperBound...]].enumerated()
            where !word.isEmpty {
                bounds[index] = Self.digits(word).map(Bound.offset) ?? time(String(word)).map(Bound.milliseconds)
                if bounds[index] == nil { throw Self.unreadable(text, "\"\(word)\" is neither an offset nor a time") }
            }
        }
        topic = String(place[0])
        self.partition = partition
        (from, to) = (bounds[0], bounds[1])
        description = text
    }

    private static func digits(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }

    private static func unreadable(_ text: String, _ problem: String) -> NumberFailure {
        NumberFailure(
            "\(text): \(problem); expected TOPIC[/PARTITION][@FROM..TO], each of the two an offset or a time, such as "
                + "card.scores@2026-06-01..2026-07-01")
    }

    /// Whether a record is in it.
    func contains(offset: Int64, milliseconds: Int64) -> Bool {
        let isBehindFrom =
            switch from {
            case .offset(let first)?: offset >= first
            case .milliseconds(let first)?: milliseconds >= first
            case nil: true
            }
        let isBeforeTo =
            switch to {
            case .offset(let end)?: offset < end
            case .milliseconds(let end)?: milliseconds < end
            case nil: true
            }
        return isBehindFrom && isBeforeTo
    }
}
