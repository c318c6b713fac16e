/// A change that is planted into generated payments, from the beginning of one day on.
///
/// Outside its days a drift changes nothing: payments there are those that would have been without it, to the byte. All
/// drifts draw from streams of random numbers of their own, so that one does not change what another does either.
public struct PlantedDrift: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case amountMean = "amount-mean"
        case amountSpread = "amount-spread"
        case amountSlow = "amount-slow"
        case contamination
        case missingAmount = "missing-amount"
        case fraudRate = "fraud-rate"
        case regionRisk = "region-risk"
        case channelAmount = "channel-amount"
        case unseenChannel = "unseen-channel"
        case stop

        /// What it does, for a command's help.
        public var summary: String {
            switch self {
            case .amountMean: "all amounts are 1.3 times as high"
            case .amountSpread:
                "amounts are 0.4 or 1.6 times what they were, in halves: as high on average, more spread"
            case .amountSlow: "amounts rise by the same step for 14 days, to 1.5 times what they were"
            case .contamination: "1 % of the payments have amounts from 1,000 to 10,000"
            case .missingAmount: "5 % of the payments have no tx_amount"
            case .fraudRate: "twice as many terminals and cards are compromised"
            case .regionRisk: "one in 20 terminals in the north-east is compromised"
            case .channelAmount: "amounts are twice as high where channel is atm"
            case .unseenChannel: "2 % of the payments have a channel that was not there before, wallet"
            case .stop: "there are no payments"
            }
        }

        /// Whether it is about the field `channel`, which only some pipelines read.
        public var needsChannel: Bool { self == .channelAmount || self == .unseenChannel }
    }

    public var kind: Kind
    /// Counts from the generator's first day, which is 0.
    public var firstDay: Int
    /// The last day with the drift; `nil`: it stays.
    public var lastDay: Int?

    public static let firstDayDefault = 60

    public init(_ kind: Kind, firstDay: Int = PlantedDrift.firstDayDefault, lastDay: Int? = nil) {
        self.kind = kind
        self.firstDay = firstDay
        self.lastDay = lastDay
    }

    /// Reads `KIND`, `KIND@DAY` or `KIND@DAY-DAY`: `amount-mean@60-74`.
    ///
    /// - Throws: `PlantedDriftFault`, with the kinds where there is none of the name.
    public init(_ text: String) throws(PlantedDriftFault) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = Kind(rawValue: String(parts[0])) else {
            let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw PlantedDriftFault("there is no drift \"\(parts[0])\"; there are \(known)")
        }
        self.init(kind)
        guard parts.count > 1 else { return }
        let days = parts[1].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = Self.day(days[0]) else { throw Self.noDay(days[0], in: text) }
        firstDay = first
        guard days.count > 1 else { return }
        guard let last = Self.day(days[1]) else { throw Self.noDay(days[1], in: text) }
        guard first <= last else { throw PlantedDriftFault("\(text): the last day is before the first") }
        lastDay = last
    }

    private static func day(_ text: Substring) -> Int? {
        // A sign would be taken, too.
        guard text.first?.isNumber == true, let day = Int(text), day <= dayMax else { return nil }
        return day
    }

    private static func noDay(_ day: Substring, in text: String) -> PlantedDriftFault {
        PlantedDriftFault(
            "\(text): \"\(day)\" is no day: expected KIND@DAY or KIND@FIRST-LAST, such as amount-mean@60-74")
    }

    /// The calendar has fewer days.
    static let dayMax = 4_000_000

    /// Whether it holds on a day.
    func holds(on day: Int) -> Bool { day >= firstDay && day <= lastDay ?? .max }

    /// What keeps a generator from planting it, a sentence; `nil`: nothing.
    func problem(days: Int?, hasChannels: Bool) -> String? {
        if !(0...Self.dayMax).contains(firstDay) || lastDay ?? firstDay < firstDay {
            return
                "a drift from day \(firstDay) to \(lastDay ?? firstDay): expected day 0 or later, and an end that is not before"
        }
        if let days, firstDay >= days {
            return
                "the drift \(kind.rawValue) begins on day \(firstDay), but there are \(days) days, the first of which is 0"
        }
        if kind.needsChannel && !hasChannels {
            return "the drift \(kind.rawValue) needs a source that reads a field \"channel\" as text: `channel: string`"
        }
        return nil
    }
}

/// Why a text is no drift.
public struct PlantedDriftFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
