public import Events

/// What a generator of card transactions is to make. Equal options give equal transactions.
public struct CardTransactionOptions: Hashable, Sendable {
    /// A time with many more compromised terminals than usual.
    public struct FraudWave: Hashable, Sendable {
        /// Counts from the generator's first day, which is 0.
        public var firstDay: Int
        /// How many days draw more terminals; those drawn last stay compromised for their 28 days.
        public var days: Int
        /// The terminals drawn on such a day are this many times the usual number.
        public var factor: Int

        public init(firstDay: Int, days: Int = 7, factor: Int = 10) {
            self.firstDay = firstDay
            self.days = days
            self.factor = factor
        }
    }

    public static let customersMax = 10_000_000
    public static let terminalsMax = 10_000_000
    public static let dailyMeanLimit = 100.0
    public static let fraudWaveFactorMax = 10_000
    public static let driftsMax = 100

    public var seed: UInt64
    /// Midnight UTC of the first day.
    public var firstDay: EventTime
    /// `nil`: until the calendar's end.
    public var days: Int?
    public var customers: Int
    public var terminals: Int
    /// A customer pays at terminals within this distance of home, on a plane of 100 by 100; where there are none, at
    /// the nearest.
    public var radius: Double
    /// Each customer's mean number of transactions a day is drawn between 0 and this.
    public var dailyMeanMax: Double
    /// Terminals drawn each day to be compromised; all terminals where there are fewer.
    public var terminalsCompromisedDaily: Int
    /// Customers drawn each day to be compromised; all customers where there are fewer.
    public var customersCompromisedDaily: Int
    public var fraudWave: FraudWave?
    public var drifts: [PlantedDrift]
    /// Whether payments have a `channel`, and a `region`.
    public var hasChannels: Bool
    public var hasRegions: Bool
    public var firstTransactionID: Int64

    public init(
        seed: UInt64 = 1, firstDay: EventTime = EventTime(microseconds: 1_735_689_600_000_000), days: Int? = nil,
        customers: Int = 5_000, terminals: Int = 10_000, radius: Double = 5, dailyMeanMax: Double = 4,
        terminalsCompromisedDaily: Int = 2, customersCompromisedDaily: Int = 3, fraudWave: FraudWave? = nil,
        drifts: [PlantedDrift] = [], hasChannels: Bool = false, hasRegions: Bool = false, firstTransactionID: Int64 = 1
    ) {
        self.seed = seed
        self.firstDay = firstDay
        self.days = days
        self.customers = customers
        self.terminals = terminals
        self.radius = radius
        self.dailyMeanMax = dailyMeanMax
        self.terminalsCompromisedDaily = terminalsCompromisedDaily
        self.customersCompromisedDaily = customersCompromisedDaily
        self.fraudWave = fraudWave
        self.drifts = drifts
        self.hasChannels = hasChannels
        self.hasRegions = hasRegions
        self.firstTransactionID = firstTransactionID
    }

    /// All that is wrong with the options, one sentence each; a generator takes only options without problems.
    public func problems() -> [String] {
        var problems: [String] = []
        func require(_ holds: Bool, _ problem: @autoclosure () -> String) {
            if !holds { problems.append(problem()) }
        }
        require(
            (1...Self.customersMax).contains(customers),
            "\(customers) customers: expected 1 to \(Self.customersMax)")
        require(
            (1...Self.terminalsMax).contains(terminals),
            "\(terminals) terminals: expected 1 to \(Self.terminalsMax)")
        require((0.1...200).contains(radius), "a radius of \(radius): expected 0.1 to 200")
        require(
            dailyMeanMax > 0 && dailyMeanMax <= Self.dailyMeanLimit,
            "up to \(dailyMeanMax) transactions a day: expected more than 0, at most \(Self.dailyMeanLimit)")
        require(
            firstDay >= .minimum && firstDay <= .maximum
                && firstDay.microseconds % CardTransactionGenerator.dayMicroseconds == 0,
            "the first day must be midnight UTC in the years 1 to 9999")
        require(days ?? 0 >= 0, "\(days ?? 0) days: expected 0 or more")
        require(
            terminalsCompromisedDaily >= 0 && customersCompromisedDaily >= 0,
            "the numbers compromised each day must not be negative")
        if let wave = fraudWave {
            require(
                wave.firstDay >= 0 && wave.days >= 1,
                "a fraud wave from day \(wave.firstDay) for \(wave.days) days: expected day 0 or later, 1 day or more")
            require(
                (1...Self.fraudWaveFactorMax).contains(wave.factor),
                "a fraud wave of \(wave.factor) times: expected 1 to \(Self.fraudWaveFactorMax)")
        }
        require(drifts.count <= Self.driftsMax, "\(drifts.count) drifts: expected at most \(Self.driftsMax)")
        problems += drifts.compactMap { $0.problem(days: days, hasChannels: hasChannels) }
        require(
            firstTransactionID >= 0 && firstTransactionID <= Int64.max / 2,
            "the first transaction id must be between 0 and \(Int64.max / 2)")
        return problems
    }
}
