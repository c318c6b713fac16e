import Engine
import Events
import Features
import Models

/// What a seed decides before anything runs.
struct Scenario: CustomStringConvertible {
    enum Fault: String, CaseIterable {
        case crash, freeze, stop, abort, lostAnswer, lostRequest, rebalance, evict, coordinator, stuckSink,
            stalledFetch,
            clockJump, disk, second, swap
    }

    /// What computes the scores.
    enum Scoring: Hashable {
        case nothing
        /// Trees that learn: state beside the windows'.
        case trees(HalfSpaceTreesParameters)
        /// A forest, and another one that takes its place.
        case forests
    }

    let seed: UInt64
    /// Of the topic that is scored,
    var partitions: Int
    /// and of one with labels; 0: there is none.
    var labelPartitions = 0
    var isExactlyOnce: Bool
    /// An entity that is not the topic's key: the order is recorded, and one instance has all partitions.
    var isForeign: Bool
    var late: LatePolicy
    var events: Int
    var customers: Int
    var isSlow: Bool
    /// All records are there before anything starts, and no end is unknown.
    var isBacklog: Bool
    var hasRetention: Bool
    var isStatic: Bool
    /// A new instance may take the place of one that only seems dead.
    var keepsName: Bool
    var sharesDisk: Bool
    var batchRows: Int
    var unacknowledgedBatches: Int
    var fetchRows: Int
    var commitMilliseconds: Int
    var snapshotEvents: UInt64?
    var sinkCapacity: Int
    var faults: [Fault]
    var faultGap: Int
    /// A new group begins with what comes after its start; what is there already only fills windows.
    var beginsMuted: Bool
    /// What is in work is noted, and looked at one by one after a crash.
    var isCareful: Bool
    var scoring = Scoring.nothing

    /// - Parameter isPlain: what a seed found before there were labels and models it finds without them.
    init(seed: UInt64, isPlain: Bool = false) {
        var random = SeededGenerator(seed: seed &* 0x2545_F491_4F6C_DD1D &+ 1)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func chance(_ of: Int) -> Bool { random.next() % UInt64(of) == 0 }
        self.seed = seed
        partitions = pick(1...4)
        isExactlyOnce = !chance(3)
        isForeign = !chance(3)
        let action: LatePolicy.Action = [.score, .drop, .deadLetter][pick(0...2)]
        // Without a recorded order several partitions agree only where nothing is ever late.
        let isOrdered = isForeign || partitions == 1
        late = LatePolicy(
            afterMicroseconds: isOrdered
                ? Int64(chance(2) ? 1 : 10) * PaymentPlan.minute : 400 * PaymentPlan.day, action: action)
        events = pick(40...130)
        customers = pick(2...14)
        isSlow = chance(2)
        isBacklog = chance(5)
        hasRetention = chance(2)
        isStatic = chance(3)
        keepsName = chance(2)
        sharesDisk = chance(2)
        batchRows = chance(3) ? pick(1...6) : pick(4...40)
        unacknowledgedBatches = pick(2...12)
        fetchRows = chance(3) ? pick(1...3) : pick(3...30)
        commitMilliseconds = pick(1...30)
        snapshotEvents = chance(3) ? nil : UInt64(pick(5...40))
        sinkCapacity = chance(3) ? pick(2...8) : pick(8...200)
        let kinds = Fault.allCases.filter { fault in
            switch fault {
            // With foreign keys a second instance would only stand by.
            case .second: !chance(3)
            case .swap: false
            default: true
            }
        }
        faults = (0..<pick(0...7)).map { _ in chance(3) ? .crash : kinds[pick(0...kinds.count - 1)] }
        faultGap = pick(10...120)
        beginsMuted = !isBacklog && chance(6)
        // What a partition begins with may be older than what the others hold: nothing may be gone yet.
        if beginsMuted { hasRetention = false }
        isCareful = chance(2)
        if chance(6) { contend(&random) }
        if !isPlain && isForeign && chance(2) { labelPartitions = pick(1...2) }
        if isBacklog { faults.removeAll { [.stalledFetch, .clockJump, .second, .freeze].contains($0) } }
        if !isPlain { chooseScoring() }
    }

    /// By numbers of its own: the rest of a scenario is what it was before there were models.
    private mutating func chooseScoring() {
        var random = SeededGenerator(seed: seed ^ 0x0DD5_C04E)
        switch random.next() % 4 {
        case 0 where isForeign:
            scoring = .trees(
                HalfSpaceTreesParameters(
                    inputCount: 4, trees: 3, height: random.next() % 2 == 0 ? 4 : 13, window: 16, sizeLimit: 2,
                    seed: seed % 4))
            // They depend on all events since the beginning.
            hasRetention = false
        case 1:
            scoring = .forests
            for _ in 0..<1 + random.next() % 3 {
                faults.insert(.swap, at: Int(random.next() % UInt64(faults.count + 1)))
            }
        default: break
        }
    }

    /// Makes the order matter: events of other partitions are late by a little, and what was taken is often given up.
    private mutating func contend(_ random: inout SeededGenerator) {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        isExactlyOnce = pick(0...2) > 0
        isForeign = true
        partitions = pick(2...4)
        isBacklog = false
        beginsMuted = false
        isSlow = false
        hasRetention = false
        sharesDisk = true
        late = LatePolicy(afterMicroseconds: PaymentPlan.minute, action: pick(0...1) == 0 ? .drop : .deadLetter)
        snapshotEvents = UInt64(pick(5...12))
        commitMilliseconds = pick(15...60)
        batchRows = pick(1...12)
        let kinds: [Fault] = [.crash, .crash, .abort, .freeze, .evict, .stalledFetch, .rebalance, .stuckSink]
        faults = (0..<6).map { _ in kinds[pick(0...kinds.count - 1)] }
    }

    var isOrderRecorded: Bool { isForeign }
    var hasLabels: Bool { labelPartitions > 0 }

    /// Partitions of all topics: labels stand behind what is scored.
    var lanes: Int { partitions + labelPartitions }
    func isLabel(_ lane: Int) -> Bool { lane >= partitions }

    /// The topic and partition of a lane. The labels' topic names its first lane, so that an origin alone says the lane.
    func place(ofLane lane: Int) -> (topic: String, partition: Int32) {
        isLabel(lane) ? (labelTopic, Int32(lane - partitions)) : (Self.topic, Int32(lane))
    }

    static func lane(topic: some StringProtocol, partition: Int) -> Int {
        (topic.split(separator: "-").dropFirst().first.flatMap { Int($0) } ?? 0) + partition
    }

    static let topic = "payments"
    private var labelTopic: String { "labels-\(partitions)" }

    var planKey: String { "\(isForeign) \(late) \(hasLabels ? labelTopic : "") \(scoring)" }

    /// - Parameter models: where a forest scores, which.
    func plan(models: [PaymentPlan.NamedModel] = [.forest]) throws -> ScoringPlan {
        var plan = PaymentPlan(
            idType: .string, rules: [], late: late, hasModel: scoring != .nothing, models: models,
            hasTerminals: isForeign)
        if case .trees(let trees) = scoring { plan.trees = trees }
        plan.outputFeatures = ["customer_count", "customer_mean", "terminal_count", "terminal_mean"]
        plan.topic = Self.topic
        plan.hasLabels = hasLabels
        plan.labelTopic = labelTopic
        if hasLabels { plan.outputFeatures += ["label_count", "label_mean"] }
        return try plan.make()
    }

    var description: String {
        let kind = [
            isExactlyOnce ? "exactly once" : "at least once", isForeign ? "foreign entity" : "all keyed",
            "late after \(late.afterMicroseconds / PaymentPlan.minute) min: \(late.action)",
        ]
        let flags = [
            isBacklog ? "backlog" : nil, isSlow ? "over days" : nil, hasRetention ? "retention" : nil,
            isStatic ? "static" : nil, keepsName ? "same name" : nil, sharesDisk ? "shared disk" : nil,
            beginsMuted ? "begins muted" : nil, isCareful ? "careful" : nil,
            scoring == .nothing ? nil : "\(scoring)",
        ]
        let sizes = [
            "\(events) events", "\(partitions) partitions", "\(labelPartitions) of labels", "batches of \(batchRows)",
            "fetches of \(fetchRows)",
            "\(unacknowledgedBatches) unacknowledged", "sink of \(sinkCapacity)",
            "commits every \(commitMilliseconds) ms",
            snapshotEvents.map { "snapshots every \($0) events" } ?? "no snapshots", "faults every \(faultGap) calls",
        ]
        let parts = kind + flags.compactMap(\.self) + sizes + faults.map(\.rawValue)
        return "seed \(seed): \(parts.joined(separator: ", "))"
    }
}

/// An event as it was made: all that the oracle knows, never decoded.
struct SimulatedEvent {
    /// Microseconds.
    var time: Int64
    /// Of a label, when it was known; `nil`: it is no label.
    var known: Int64?
    var customer: String
    var terminal: Int64?
    var cents: Int
    /// What it must be dead-lettered as, whatever else.
    var fault: String?
    var isTooLarge = false
    var id: String

    /// What orders it.
    var orderTime: Int64 { max(time, known ?? time) }
}

/// The input records of a scenario in the order in which they arrive, with their events.
struct SimulatedInput {
    struct Arrival {
        var partition: Int
        /// `nil`: a transaction marker of whoever writes the topic.
        var record: LogRecord?
        var event: SimulatedEvent?
    }

    private(set) var arrivals: [Arrival] = []
    /// A score of an event with a name so long is too large for the sink.
    static let longNameBytes = 2_000
    static let recordBytesMax = 1_200

    init(_ scenario: Scenario) {
        var random = SeededGenerator(seed: scenario.seed)
        var labelRandom = SeededGenerator(seed: scenario.seed ^ 0x1ABE_1000)
        var now = PaymentStream.start
        let step: UInt64 = scenario.isSlow ? 7_200_000 : 240_000
        for number in 0..<scenario.events {
            if random.next() % 3 > 0 { now += Int64(random.next() % step) }
            let customer = Int(random.next() % UInt64(scenario.customers))
            let arrival = Self.arrival(
                number, at: now, customer: customer, partition: customer % scenario.partitions, &random)
            arrivals.append(arrival)
            if random.next() % 25 == 0 { arrivals.append(Arrival(partition: arrival.partition)) }
            if scenario.hasLabels && labelRandom.next() % 2 == 0 {
                let lane = scenario.partitions + Int(labelRandom.next() % UInt64(scenario.labelPartitions))
                arrivals.append(Self.label(number, at: now, lane: lane, &labelRandom))
            }
        }
        for partition in 0..<scenario.partitions where random.next() % 2 == 0 {
            arrivals.append(Arrival(partition: partition))
        }
    }

    private static func arrival(
        _ number: Int, at now: Int64, customer: Int, partition: Int, _ random: inout SeededGenerator
    ) -> Arrival {
        var payment = Payment(
            id: "p\(number)", at: now, customer: "customer-\(customer)", terminal: Int64(random.next() % 4),
            cents: Int(random.next() % 20_000))
        var fault: String?
        switch random.next() % 30 {
        case 0...3: payment.at -= Int64(random.next() % 500_000)
        case 4...5: payment.at -= 900_000
        // So late that it is beyond every horizon.
        case 6: payment.at -= 100 * 3_600_000
        case 7: payment.terminal = nil
        case 8: payment.id += String(repeating: "x", count: longNameBytes)
        default: break
        }
        var record = payment.record
        // Record times are near event times, and out of order.
        record.timestamp = (now - Int64(random.next() % 1_200_000)) * 1_000
        if payment.at * 1_000 > record.timestamp + PaymentPlan.hour { fault = "time-ahead" }
        switch random.next() % 30 {
        case 0:
            record.value = Array("{\"payment\":\"p\(number)\",".utf8)
            fault = "invalid-json"
        case 1:
            record.value = nil
            fault = "tombstone"
        case 2:
            record.value = Array(Payment(id: payment.id, at: now * 2, customer: payment.customer).json.utf8)
            fault = "time-ahead"
        case 3: record.key = nil
        default: break
        }
        let event = SimulatedEvent(
            time: payment.at * 1_000, customer: payment.customer, terminal: payment.terminal, cents: payment.cents,
            fault: fault, isTooLarge: payment.id.utf8.count > longNameBytes, id: payment.id)
        return Arrival(partition: partition, record: record, event: event)
    }

    private static func label(
        _ number: Int, at now: Int64, lane: Int, _ random: inout SeededGenerator
    ) -> Arrival {
        var label = PaymentLabel(
            terminal: Int64(random.next() % 4), at: now - Int64(random.next() % 100_000_000), known: now,
            isFraud: random.next() % 3 == 0)
        switch random.next() % 20 {
        case 0...2: label.known -= Int64(random.next() % 1_500_000)
        // Known before it happened, as clocks have it.
        case 3: label.at = now + Int64(random.next() % 500_000)
        case 4: label.at -= 100 * 3_600_000
        default: break
        }
        var record = label.record
        record.timestamp = (now - Int64(random.next() % 1_200_000)) * 1_000
        var fault: String?
        if max(label.at, label.known) * 1_000 > record.timestamp + PaymentPlan.hour { fault = "time-ahead" }
        switch random.next() % 20 {
        case 0:
            record.value = Array("{\"terminal\":1".utf8)
            fault = "invalid-json"
        case 1:
            label.known = now * 2
            record.value = Array(label.json.utf8)
            fault = "time-ahead"
        default: break
        }
        let event = SimulatedEvent(
            time: label.at * 1_000, known: label.known * 1_000, customer: "", terminal: label.terminal,
            cents: label.isFraud ? 100 : 0, fault: fault, id: "l\(number)")
        return Arrival(partition: lane, record: record, event: event)
    }
}
