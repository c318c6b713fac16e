/// Who is compromised and until when. Memory is O(customers + terminals), however long it runs.
struct FraudSchedule {
    static let terminalDays = 28
    static let customerDays = 14
    static let amountFactor: Int64 = 5
    /// Of so many transactions in a row of a compromised customer, one is fraud.
    static let customerGroup = 3

    private let options: CardTransactionOptions
    private var terminalRandom: RandomSource
    private var waveRandom: RandomSource
    private var customerRandom: RandomSource
    /// The first day on which the terminal is clean again.
    private var terminalCleanDays: [Int32]
    private var customerCleanDays: [Int32]
    /// The place of the next transaction in its group, and the place of the group's fraud.
    private var groupPlaces: [UInt8]
    private var groupFrauds: [UInt8]
    private(set) var day: Int32 = -1
    /// What the day has drawn, in the order drawn.
    private(set) var terminalsDrawn: [Int] = []
    private(set) var customersDrawn: [Int] = []

    /// The streams that it draws from.
    struct Streams {
        var terminals = GeneratorStream.terminalFraud
        var wave = GeneratorStream.fraudWave
        var customers = GeneratorStream.customerFraud

        /// Those of a second fraud beside the first.
        static let more = Streams(terminals: .moreTerminalFraud, wave: .moreFraudWave, customers: .moreCustomerFraud)
    }

    init(_ options: CardTransactionOptions, streams: Streams = Streams()) {
        self.options = options
        terminalRandom = RandomSource(seed: options.seed, stream: streams.terminals.rawValue)
        waveRandom = RandomSource(seed: options.seed, stream: streams.wave.rawValue)
        customerRandom = RandomSource(seed: options.seed, stream: streams.customers.rawValue)
        terminalCleanDays = [Int32](repeating: 0, count: options.terminals)
        customerCleanDays = [Int32](repeating: 0, count: options.customers)
        groupPlaces = [UInt8](repeating: 0, count: options.customers)
        groupFrauds = [UInt8](repeating: 0, count: options.customers)
    }

    /// Draws who is compromised from the next day on, that day included.
    mutating func beginDay() {
        day += 1
        Self.draw(
            options.terminalsCompromisedDaily, below: options.terminals, into: &terminalsDrawn, random: &terminalRandom)
        if let wave = options.fraudWave, Int(day) >= wave.firstDay, Int(day) - wave.firstDay < wave.days {
            // The wave draws from a stream of its own: without it, the same terminals are drawn and more besides.
            let all = options.terminalsCompromisedDaily.multipliedReportingOverflow(by: wave.factor)
            Self.extend(
                &terminalsDrawn, to: all.overflow ? .max : all.partialValue, below: options.terminals,
                random: &waveRandom)
        }
        for terminal in terminalsDrawn { terminalCleanDays[terminal] = day + Int32(Self.terminalDays) }
        Self.draw(
            options.customersCompromisedDaily, below: options.customers, into: &customersDrawn, random: &customerRandom)
        for customer in customersDrawn {
            // A customer drawn again while compromised goes on with the group begun.
            if customerCleanDays[customer] <= day { groupPlaces[customer] = 0 }
            customerCleanDays[customer] = day + Int32(Self.customerDays)
        }
    }

    private static func draw(_ count: Int, below bound: Int, into drawn: inout [Int], random: inout RandomSource) {
        drawn.removeAll(keepingCapacity: true)
        extend(&drawn, to: count, below: bound, random: &random)
    }

    /// Adds different numbers below `bound` until there are `count` of them, or all.
    private static func extend(_ drawn: inout [Int], to count: Int, below bound: Int, random: inout RandomSource) {
        if count >= bound {
            drawn = Array(0..<bound)
            return
        }
        // Few numbers are cheaper to compare; of many, a set says which are taken.
        var taken = count > 64 ? Set(drawn) : []
        while drawn.count < count {
            let number = random.below(bound)
            if count > 64 ? taken.insert(number).inserted : !drawn.contains(number) { drawn.append(number) }
        }
    }

    /// Decides about the day's next transaction in time order, and raises its amount where the card is compromised.
    @inline(__always)
    mutating func judge(customer: Int, terminal: Int, amountCents: inout Int64) -> FraudScenario {
        if day < customerCleanDays[customer] {
            let place = groupPlaces[customer]
            if place == 0 { groupFrauds[customer] = UInt8(customerRandom.below(Self.customerGroup)) }
            groupPlaces[customer] = place + 1 == UInt8(Self.customerGroup) ? 0 : place + 1
            if place == groupFrauds[customer] {
                amountCents *= Self.amountFactor
                return .compromisedCustomer
            }
        }
        if day < terminalCleanDays[terminal] { return .compromisedTerminal }
        return amountCents > CardTransaction.largeAmountCents ? .largeAmount : .none
    }
}
