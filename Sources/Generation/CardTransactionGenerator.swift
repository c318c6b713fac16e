import Events

/// The independent streams of random draws of one seed.
enum GeneratorStream: UInt64 {
    case population = 1
    case traffic
    case terminalFraud
    case customerFraud
    case fraudWave
    case channels
    case driftSpread
    case driftContamination
    case driftMissing
    case driftUnseen
    /// Those of the second fraud.
    case moreTerminalFraud
    case moreCustomerFraud
    case moreFraudWave
}

/// Makes card transactions in time order, day by day, from a seed.
///
/// Customers live on a plane of 100 by 100 and pay at terminals near home, most around noon; three kinds of fraud are
/// planted (see `FraudScenario`), after the scenarios of the Fraud Detection Handbook. The same options give the same
/// transactions on every machine. Memory holds the population and one day, however long it runs.
///
/// Take transactions with `next()`, or a day at a time with `nextDay()` and `day`; mixing them drops what `next()`
/// has not handed out of a day.
public struct CardTransactionGenerator: IteratorProtocol, Sendable {
    static let dayMicroseconds: Int64 = 86_400_000_000
    private static let daySeconds = 86_400
    private static let secondBits = 17
    private static let noonSeconds = 43_200.0
    private static let timeDeviationSeconds = 20_000.0

    /// A transaction before its day is sorted.
    private struct Draft {
        var second: UInt32
        var customer: UInt32
        var terminal: UInt32
        var amountCents: UInt32
    }

    public let options: CardTransactionOptions
    private let population: Population
    private var traffic: RandomSource
    private var schedule: FraudSchedule
    private var channels: ChannelDraws?
    private var drift: DriftSchedule?
    private var drafts: [Draft] = []
    private var sorted: [Draft] = []
    private var nextID: Int64
    private var nextPlace = 0

    /// The transactions of the day that `nextDay()` made last, in time order; empty before the first.
    public private(set) var day: [CardTransaction] = []
    /// The number of days made.
    public private(set) var daysMade = 0

    /// Draws the population. The options must have no `problems()`.
    public init(_ options: CardTransactionOptions = CardTransactionOptions()) {
        let problems = options.problems()
        precondition(problems.isEmpty, "generator options with problems: \(problems)")
        self.options = options
        population = Population(options)
        traffic = RandomSource(seed: options.seed, stream: GeneratorStream.traffic.rawValue)
        schedule = FraudSchedule(options)
        channels = options.hasChannels ? ChannelDraws(options) : nil
        drift = options.drifts.isEmpty ? nil : DriftSchedule(options)
        nextID = options.firstTransactionID
    }

    /// The next transaction, or `nil` after the last day. Complexity: O(1) amortised.
    public mutating func next() -> CardTransaction? {
        while nextPlace == day.count {
            if !nextDay() { return nil }
        }
        defer { nextPlace += 1 }
        return day[nextPlace]
    }

    /// Fills `day` with the next day's transactions; false, and an empty `day`, after the last. A day can be empty.
    public mutating func nextDay() -> Bool {
        day.removeAll(keepingCapacity: true)
        nextPlace = 0
        let start = options.firstDay.microseconds + Int64(daysMade) * Self.dayMicroseconds
        if daysMade == options.days ?? .max || start > EventTime.maximum.microseconds { return false }
        if drift?.ends(on: daysMade) == true { return false }
        daysMade += 1
        draftDay()
        sortDay()
        schedule.beginDay()
        drift?.beginDay()
        // Most days have neither: they are made as they were before there were any.
        if channels != nil || options.hasRegions || drift?.isActive == true {
            judgeVariedDay(from: start)
        } else {
            judgePlainDay(from: start)
        }
        return true
    }

    private mutating func judgePlainDay(from start: Int64) {
        day.reserveCapacity(sorted.count)
        for draft in sorted {
            var amountCents = Int64(draft.amountCents)
            let customer = Int(draft.customer)
            let terminal = Int(draft.terminal)
            let scenario = schedule.judge(customer: customer, terminal: terminal, amountCents: &amountCents)
            day.append(
                CardTransaction(
                    transactionID: nextID, time: EventTime(microseconds: start + Int64(draft.second) * 1_000_000),
                    customerID: customer, terminalID: terminal, amountCents: amountCents, scenario: scenario))
            nextID += 1
        }
    }

    /// A day with more fields than others, or with a planted drift.
    private mutating func judgeVariedDay(from start: Int64) {
        day.reserveCapacity(sorted.count)
        for draft in sorted {
            let customer = Int(draft.customer)
            let terminal = Int(draft.terminal)
            var transaction = CardTransaction(
                transactionID: nextID, time: EventTime(microseconds: start + Int64(draft.second) * 1_000_000),
                customerID: customer, terminalID: terminal, amountCents: Int64(draft.amountCents),
                channel: channels?.next(customer: customer),
                region: options.hasRegions ? population.terminals.region(of: terminal) : nil)
            drift?.change(&transaction)
            transaction.scenario = schedule.judge(
                customer: customer, terminal: terminal, amountCents: &transaction.amountCents)
            drift?.judge(&transaction, region: population.terminals.region(of: terminal))
            day.append(transaction)
            nextID += 1
        }
        // What is drawn for a day without payments is drawn all the same: what follows does not depend on it.
        if drift?.isStopped == true { day.removeAll(keepingCapacity: true) }
    }

    private mutating func draftDay() {
        drafts.removeAll(keepingCapacity: true)
        for (number, customer) in population.customers.enumerated() {
            let count = traffic.poisson(mean: customer.dailyMean, zeroProbability: customer.quietDayProbability)
            for _ in 0..<count {
                let second = drawSecond()
                let amountCents = drawAmountCents(mean: customer.meanCents)
                let terminal =
                    customer.loneTerminal >= 0
                    ? Int(customer.loneTerminal)
                    : population.terminals.drawTerminal(x: customer.x, y: customer.y, random: &traffic)
                drafts.append(
                    Draft(
                        second: second, customer: UInt32(number), terminal: UInt32(terminal), amountCents: amountCents))
            }
        }
    }

    /// Around noon; a draw outside the day, about one in thirty, is drawn again.
    @inline(__always)
    private mutating func drawSecond() -> UInt32 {
        while true {
            let second = Self.noonSeconds + Self.timeDeviationSeconds * traffic.normal()
            if second >= 0, second < Double(Self.daySeconds) { return UInt32(second) }
        }
    }

    /// Below four times the mean, since `normal()` stays below 6 and the deviation is half the mean.
    @inline(__always)
    private mutating func drawAmountCents(mean: Double) -> UInt32 {
        var amount = mean + mean / 2 * traffic.normal()
        if amount <= 0 { amount = 2 * mean * traffic.unit() }
        return max(1, UInt32(amount.rounded()))
    }

    /// Sorts by second; of one second, customers in the order of their numbers. Two stable counting passes: O(n).
    private mutating func sortDay() {
        let lowBits = (Self.secondBits + 1) / 2
        sorted.removeAll(keepingCapacity: true)
        sorted.append(contentsOf: drafts)
        Self.countingPass(from: drafts, into: &sorted, shift: 0, bits: lowBits)
        swap(&drafts, &sorted)
        Self.countingPass(from: drafts, into: &sorted, shift: lowBits, bits: Self.secondBits - lowBits)
    }

    private static func countingPass(from source: [Draft], into target: inout [Draft], shift: Int, bits: Int) {
        let mask = UInt32(1) << UInt32(bits) - 1
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 1 << bits) { places in
            places.initialize(repeating: 0)
            for draft in source { places[Int(draft.second >> UInt32(shift) & mask)] += 1 }
            var place = 0
            for bucket in places.indices {
                let count = places[bucket]
                places[bucket] = place
                place += count
            }
            for draft in source {
                let bucket = Int(draft.second >> UInt32(shift) & mask)
                target[places[bucket]] = draft
                places[bucket] += 1
            }
        }
    }
}
