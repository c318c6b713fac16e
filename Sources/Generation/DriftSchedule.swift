/// What the planted drifts do to the payments of a day.
struct DriftSchedule {
    static let meanFactor = 1.3
    static let spreadFactors = (low: 0.4, high: 1.6)
    static let slowFactor = 1.5
    static let slowDays = 14
    static let contaminationShare = 0.01
    static let contaminationCents: ClosedRange<Int64> = 1_000_00...10_000_00
    static let missingShare = 0.05
    static let unseenShare = 0.02
    static let channelFactor = 2.0
    /// Of so many terminals in the region one is compromised: the one whose number leaves this remainder.
    static let riskTerminals = (of: 20, remainder: 7)

    private let drifts: [PlantedDrift]
    /// A second fraud, as frequent as the first. It goes on all the time, and shows only while there is to be more: so
    /// the rate is twice as high at once, rather than when 28 days of compromised terminals have come together.
    private var moreFraud: FraudSchedule?
    private var spread: RandomSource
    private var contamination: RandomSource
    private var missing: RandomSource
    private var unseen: RandomSource
    private var day = -1

    /// What holds on the day.
    private var effects = Effects()
    private(set) var isActive = false

    private struct Effects {
        var amountFactor = 1.0
        var spreads = false
        var contaminates = false
        var leavesOut = false
        var raisesChannel = false
        var plantsChannel = false
        var doublesFraud = false
        var risksRegion = false
        var stops = false
    }

    init(_ options: CardTransactionOptions) {
        drifts = options.drifts
        if drifts.contains(where: { $0.kind == .fraudRate }) {
            moreFraud = FraudSchedule(options, streams: .more)
        }
        func source(_ stream: GeneratorStream) -> RandomSource {
            RandomSource(seed: options.seed, stream: stream.rawValue)
        }
        spread = source(.driftSpread)
        contamination = source(.driftContamination)
        missing = source(.driftMissing)
        unseen = source(.driftUnseen)
    }

    var isStopped: Bool { effects.stops }

    /// Whether nothing comes from a day on.
    func ends(on day: Int) -> Bool {
        drifts.contains { $0.kind == .stop && $0.lastDay == nil && $0.firstDay <= day }
    }

    mutating func beginDay() {
        day += 1
        moreFraud?.beginDay()
        let held = drifts.filter { $0.holds(on: day) }
        isActive = !held.isEmpty
        effects = Effects()
        // Of several drifts of one kind one counts: of slow ones that which has come farthest.
        var steps = 0
        for drift in held {
            switch drift.kind {
            case .amountMean: effects.amountFactor = Self.meanFactor
            case .amountSpread: effects.spreads = true
            case .amountSlow: steps = max(steps, min(Self.slowDays, day - drift.firstDay + 1))
            case .contamination: effects.contaminates = true
            case .missingAmount: effects.leavesOut = true
            case .fraudRate: effects.doublesFraud = true
            case .regionRisk: effects.risksRegion = true
            case .channelAmount: effects.raisesChannel = true
            case .unseenChannel: effects.plantsChannel = true
            case .stop: effects.stops = true
            }
        }
        effects.amountFactor *= 1 + (Self.slowFactor - 1) * Double(steps) / Double(Self.slowDays)
    }

    /// Changes a payment of the day, in time order, before it is judged. Fraud keeps its rules: a payment that is over
    /// the limit by a drift is fraud like any other.
    mutating func change(_ transaction: inout CardTransaction) {
        if effects.plantsChannel, unseen.unit() < Self.unseenShare { transaction.channel = .wallet }
        var factor = effects.amountFactor
        if effects.spreads {
            factor *= spread.next() >> 63 == 0 ? Self.spreadFactors.low : Self.spreadFactors.high
        }
        if effects.raisesChannel, transaction.channel == .atm { factor *= Self.channelFactor }
        if factor != 1 {
            transaction.amountCents = max(1, Int64((Double(transaction.amountCents) * factor).rounded()))
        }
        if effects.contaminates, contamination.unit() < Self.contaminationShare {
            let range = Self.contaminationCents
            transaction.amountCents = range.lowerBound + Int64(contamination.below(range.count))
        }
        if effects.leavesOut, missing.unit() < Self.missingShare { transaction.lacksAmount = true }
    }

    /// Judges a payment once more that is no fraud but by its amount.
    mutating func judge(_ transaction: inout CardTransaction, region: @autoclosure () -> TerminalRegion) {
        guard transaction.scenario.rawValue <= FraudScenario.largeAmount.rawValue else { return }
        if effects.doublesFraud {
            // Its answer has the rule of large amounts in it.
            transaction.scenario =
                moreFraud?.judge(
                    customer: transaction.customerID, terminal: transaction.terminalID,
                    amountCents: &transaction.amountCents) ?? transaction.scenario
        }
        if effects.risksRegion, transaction.scenario.rawValue <= FraudScenario.largeAmount.rawValue,
            transaction.terminalID % Self.riskTerminals.of == Self.riskTerminals.remainder, region() == .northEast
        {
            transaction.scenario = .compromisedTerminal
        }
    }
}
