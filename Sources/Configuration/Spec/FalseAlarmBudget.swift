/// How rarely the monitor may be wrong, as it was written: `1 per 1_000_000 events`.
struct FalseAlarmBudget: Hashable {
    let events: Int64

    static let standard = "1 per 1_000_000 events"
    static let byDefault = FalseAlarmBudget(events: 1_000_000)
    static let range: ClosedRange<Int64> = 1_000...1_000_000_000_000

    enum Failure: Error, Hashable {
        case notABudget
        /// It is one, of more or fewer events than are allowed.
        case outOfRange
        /// Of several alarms: what it is for one.
        case several(events: Int64)
    }

    private init(events: Int64) { self.events = events }

    init(_ text: String) throws(Failure) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard words.count == 4, words[1] == "per", words[3] == "events",
            let alarms = try? NumberLiteral.integer(words[0]), alarms >= 1, NumberLiteral(words[2]) != nil
        else { throw .notABudget }
        do {
            events = try NumberLiteral.integer(words[2])
        } catch {
            if error == .tooLarge { throw .outOfRange }
            throw .notABudget
        }
        guard alarms == 1 else {
            if Self.range.contains(events / alarms) { throw .several(events: events / alarms) }
            throw .notABudget
        }
        guard Self.range.contains(events) else { throw .outOfRange }
    }
}
