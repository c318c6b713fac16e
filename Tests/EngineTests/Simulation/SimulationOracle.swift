import Engine
import Events

/// What must come out, computed by hand: plain arrays, every event looks through all that came before it.
///
/// It knows the events as they were made and the order in which they were taken, and nothing of the engine.
struct SimulationOracle {
    enum Expected: Equatable {
        /// And the number, by the version of the model that computes it; none: it is missing.
        case score(SimulatedScore, byModel: [String: Double])
        case deadLetter(code: String)
        /// No output: dropped as late, or only there to fill windows.
        case nothing
    }

    private struct Window {
        var delay: Int64
        var length: Int64
    }

    private struct Remembered {
        var time: Int64
        var cents: Int
    }

    private let scenario: Scenario
    private let models: OracleModels
    private(set) var expected: [EventPlace: Expected] = [:]
    private var watermark = Int64.min
    private var customers: [String: [Remembered]] = [:]
    private var terminals: [Int64: [Remembered]] = [:]
    private var labels: [Int64: [Remembered]] = [:]

    /// - Parameters:
    ///   - models: each of those that may score an event.
    ///   - mutedUntil: by partition, the offset of the first event that is to be scored.
    init(
        _ scenario: Scenario, models: [ModelPlan], order: [EventPlace], events: [[SimulatedEvent?]],
        mutedUntil: [Int64]
    ) {
        self.scenario = scenario
        self.models = OracleModels(models)
        for place in order {
            guard let event = events[place.partition][Int(place.offset)] else { continue }
            let outcome = outcome(event)
            expected[place] = place.offset < mutedUntil[place.partition] ? .nothing : outcome
        }
    }

    private mutating func outcome(_ event: SimulatedEvent) -> Expected {
        if let fault = event.fault { return .deadLetter(code: fault) }
        let isLate = watermark != .min && event.orderTime < watermark - scenario.late.afterMicroseconds
        if isLate && scenario.late.action == .drop { return .nothing }
        if isLate && scenario.late.action == .deadLetter { return .deadLetter(code: "late") }
        watermark = max(watermark, event.orderTime)
        let current = Remembered(time: event.time, cents: event.cents)
        if event.known != nil {
            labels[event.terminal ?? 0, default: []].append(current)
            return .nothing
        }
        var score = SimulatedScore(id: event.id, customerCount: 0, terminalCount: 0)
        (score.customerCount, score.customerMean) = look(
            at: current, among: customers[event.customer] ?? [], Window(delay: 0, length: PaymentPlan.day))
        customers[event.customer, default: []].append(current)
        if scenario.isForeign, let terminal = event.terminal {
            (score.terminalCount, score.terminalMean) = look(
                at: current, among: terminals[terminal] ?? [],
                Window(delay: 2 * PaymentPlan.hour, length: PaymentPlan.day))
            terminals[terminal, default: []].append(current)
        }
        if scenario.hasLabels {
            (score.labelCount, score.labelMean) = (0, nil)
            if let terminal = event.terminal {
                (score.labelCount, score.labelMean) = look(
                    at: current, among: labels[terminal] ?? [], Window(delay: 0, length: PaymentPlan.day),
                    isOther: true)
            }
        }
        // An entity that the plan does not have is 0 in its features.
        if !scenario.isForeign { score.terminalMean = 0 }
        let byModel = models.scores(of: features(event, score))
        return event.isTooLarge ? .deadLetter(code: "score-too-large") : .score(score, byModel: byModel)
    }

    /// What the plan's models read.
    private func features(_ event: SimulatedEvent, _ score: SimulatedScore) -> [Double] {
        let amount = Double(event.cents) / 100
        let mean = score.customerMean ?? .nan
        let hours = event.time / PaymentPlan.hour
        // The first day of 1970 was a Thursday.
        let isWeekend = (hours / 24 + 3) % 7 >= 5
        return [
            amount, isWeekend ? 1 : 0, score.customerCount, mean, score.terminalCount, score.terminalMean ?? .nan,
            amount / max(mean, 1), hours % 24 <= 6 ? 1 : 0,
        ]
    }

    /// Count and mean over (t - delay - length, t - delay] of what is not forgotten, with the event itself if there is
    /// no delay.
    ///
    /// - Parameter isOther: it is an event of another source than those that are counted.
    private func look(
        at event: Remembered, among earlier: [Remembered], _ window: Window, isOther: Bool = false
    ) -> (Double, Double?) {
        let newest = event.time - window.delay
        let oldest = newest - window.length
        let forgotten = watermark - window.delay - window.length - scenario.late.afterMicroseconds
        var count = 0
        var cents = 0
        for other in earlier where other.time > oldest && other.time <= newest && other.time > forgotten {
            count += 1
            cents += other.cents
        }
        if window.delay == 0 && !isOther {
            count += 1
            cents += event.cents
        }
        return (Double(count), count == 0 ? nil : Double(cents) / (Double(count) * 100))
    }
}

/// The part of a score record that the oracle knows.
struct SimulatedScore: Equatable {
    var id: String
    var customerCount: Double
    var customerMean: Double?
    var terminalCount: Double
    var terminalMean: Double?
    var labelCount: Double?
    var labelMean: Double?
    /// Of the model; empty: there is none.
    var version = ""
    var score: Double?

    init(id: String, customerCount: Double, terminalCount: Double) {
        self.id = id
        self.customerCount = customerCount
        self.terminalCount = terminalCount
    }

    /// Reads a record as the scenario's plan writes it; `nil`: it is not of that form.
    init?(_ json: [UInt8]) {
        let text = String(decoding: json, as: UTF8.self)
        func value(_ name: String) -> Substring? {
            guard let start = text.firstRange(of: "\"\(name)\":")?.upperBound else { return nil }
            return text[start...].prefix { $0 != "," && $0 != "}" }
        }
        guard let id = value("id"), let customers = value("customer_count").flatMap({ Double($0) }),
            let terminals = value("terminal_count").flatMap({ Double($0) }), let customerMean = value("customer_mean"),
            let terminalMean = value("terminal_mean")
        else { return nil }
        self.init(id: String(id.dropFirst().dropLast()), customerCount: customers, terminalCount: terminals)
        self.customerMean = Double(customerMean)
        self.terminalMean = Double(terminalMean)
        labelCount = value("label_count").flatMap { Double($0) }
        labelMean = value("label_mean").flatMap { Double($0) }
        version = value("version").map { String($0.dropFirst().dropLast()) } ?? ""
        score = value("score").flatMap { Double($0) }
    }
}

/// The order as the order topic tells it, read without the engine's code.
struct SimulatedOrderLog {
    private(set) var order: [EventPlace] = []
    /// What is wrong with it, if order and offsets are always written together.
    private(set) var problems: [String] = []
    /// By partition: everything before is told of.
    private(set) var ends: [Int64]

    /// - Parameters:
    ///   - records: visible values, in the order of the log.
    ///   - mutedUntil: by partition; what is muted may be left out where it is older than every horizon.
    init(_ records: [[UInt8]], events: [[SimulatedEvent?]], mutedUntil: [Int64]) {
        ends = Array(repeating: 0, count: events.count)
        for (number, record) in records.enumerated() {
            var bytes = record[...]
            guard bytes.popFirst() == 1 else {
                problems.append("order record \(number) is of another version")
                return
            }
            var lanes: [(partition: Int, at: Int64)] = []
            for _ in 0..<Self.number(&bytes) {
                let length = Self.number(&bytes)
                let name = bytes.prefix(length)
                bytes = bytes.dropFirst(name.count)
                let parts = String(decoding: name, as: UTF8.self).split(separator: "/")
                let partition = Scenario.lane(topic: parts[0], partition: Int(parts[1]) ?? -1)
                lanes.append((partition, Int64(Self.number(&bytes))))
            }
            for lane in lanes where lane.at != ends[lane.partition] {
                if lane.at > ends[lane.partition] && lane.at <= mutedUntil[lane.partition] {
                    ends[lane.partition] = lane.at
                    continue
                }
                problems.append(
                    "order record \(number) begins \(lane.partition)/\(lane.at), behind \(ends[lane.partition])")
            }
            while !bytes.isEmpty {
                let lane = Self.number(&bytes)
                let span = Int64(Self.number(&bytes))
                let partition = lanes[lane].partition
                let end = lanes[lane].at + span
                lanes[lane].at = end
                // Where records overlap, the first is right.
                let from = ends[partition]
                if end <= from { continue }
                for offset in from..<end where offset < events[partition].count && events[partition][Int(offset)] != nil
                {
                    order.append(EventPlace(partition: partition, offset: offset))
                }
                ends[partition] = end
            }
        }
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int {
        var value = 0
        var shift = 0
        while let byte = bytes.popFirst() {
            value |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        return value
    }
}
