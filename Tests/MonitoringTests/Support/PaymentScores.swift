import Drift
import Events

@testable import Monitoring

/// Scores of payments, made from a seed: two features that hang together, the score that follows from them, a channel.
struct PaymentScores {
    /// What is planted from some event on.
    enum Change: CaseIterable {
        case none, risk, amount, variance, missing, channel, decisions, labels
    }

    struct Row {
        var time: Int64
        var score: Double
        var amount: Double?
        var risk: Double
        var channel: String
        var isBlocked: Bool
        /// `Int64.min`: it has none.
        var recordTime = Int64.min
        /// Names the payment.
        var number = 0
        /// Whether it turns out to be fraud; it follows from the score but where labels are planted.
        var isFraud = false
    }

    private var random: RandomWords
    /// Draws of its own: labels change nothing else.
    private var fate: RandomWords
    private(set) var number = 0
    let change: Change
    let changeFrom: Int
    let changeUntil: Int
    /// Between two events, in microseconds.
    static let spacing: Int64 = 500_000
    /// 2025-01-01.
    static let start: Int64 = 1_735_689_600_000_000

    init(seed: UInt64, change: Change = .none, from: Int = .max, until: Int = .max) {
        random = RandomWords(seed)
        fate = RandomWords(seed &+ 1_000_003)
        self.change = change
        changeFrom = from
        changeUntil = until
    }

    mutating func next() -> Row {
        let isChanged = number >= changeFrom && number < changeUntil
        func planted(_ wanted: Change) -> Bool { isChanged && change == wanted }
        // The two features share half of what moves them.
        let shared = random.normal()
        var risk = 0.6 * shared + 0.8 * random.normal()
        if planted(.risk) { risk += 0.5 }
        var amount = 0.6 * shared + 0.8 * random.normal()
        if planted(.amount) { amount += 0.5 }
        if planted(.variance) { amount *= 1.5 }
        let noise = random.normal()
        let logit = -3 + 0.8 * risk + 0.5 * amount + 0.3 * noise
        let score = (1 / (1 + Self.exponential(-logit)) * 1_000).rounded() / 1_000
        let isMissing = random.unit() < (planted(.missing) ? 0.06 : 0.01)
        let draw = random.unit()
        let channel =
            planted(.channel) && draw < 0.1 ? "kiosk" : draw < 0.6 ? "web" : draw < 0.95 ? "pos" : "atm"
        // Planted: fraud that looks like ordinary payments, which no score shows.
        let isFraud = fate.unit() < (planted(.labels) ? 0.12 : score)
        defer { number += 1 }
        return Row(
            time: Self.start + Int64(number) * Self.spacing, score: score, amount: isMissing ? nil : amount,
            risk: risk, channel: channel, isBlocked: score > (planted(.decisions) ? 0.15 : 0.25),
            number: number, isFraud: isFraud)
    }

    private static func exponential(_ value: Double) -> Double {
        // Enough digits for a test, and no library.
        var term = 1.0
        var sum = 1.0
        let small = value / 64
        for index in 1..<20 {
            term *= small / Double(index)
            sum += term
        }
        for _ in 0..<6 { sum *= sum }
        return sum
    }

    static let fields = [ScoreRecordSchema.Field(name: "channel", type: .string)]
    static let records = ScoreRecordSchema(features: ["amount", "risk"], fields: fields)

    /// The rows as a batch of `records`.
    static func batch(_ rows: some Collection<Row>, firstOffset: Int64) -> EventBatch {
        let batch = EventBatch(schema: records.schema, capacity: max(1, rows.count))
        for (index, row) in rows.enumerated() {
            batch.count = index + 1
            batch.eventTimes[index] = row.time
            batch.recordTimes[index] = row.recordTime
            batch.offsets[index] = firstOffset + Int64(index)
            batch.lanes[index] = 0
            batch.sources[index] = 0
            batch.faults[index] = Fault(.none)
            for column in records.schema.fields.indices {
                batch.words[column][index] = 0
                batch.presence[column][index] = Presence.absent
            }
            set(row.time, ScoreRecordSchema.eventTime, index, batch)
            set("\(row.number)", ScoreRecordSchema.id, index, batch)
            set(row.score, ScoreRecordSchema.score, index, batch)
            set("sha256:0123456789abcdef", ScoreRecordSchema.version, index, batch)
            set(row.isBlocked ? "block" : "allow", ScoreRecordSchema.decision, index, batch)
            if let amount = row.amount { set(amount, records.feature(0), index, batch) }
            set(row.risk, records.feature(1), index, batch)
            set(row.channel, records.field(0), index, batch)
        }
        return batch
    }

    static func set(_ value: Int64, _ column: FieldIndex, _ row: Int, _ batch: EventBatch) {
        batch.words[column.rawValue][row] = value
        batch.presence[column.rawValue][row] = Presence.present
    }

    private static func set(_ value: Double, _ column: FieldIndex, _ row: Int, _ batch: EventBatch) {
        set(Int64(bitPattern: value.bitPattern), column, row, batch)
    }

    private static func set(_ text: String, _ column: FieldIndex, _ row: Int, _ batch: EventBatch) {
        let bytes = Array(text.utf8)
        set(bytes.withUnsafeBufferPointer { batch.appendString($0.baseAddress!, length: $0.count) }, column, row, batch)
    }
}

/// SplitMix64.
struct RandomWords {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func normal() -> Double {
        // The sum of twelve 16-bit draws: four of each word.
        var sum: UInt64 = 0
        for _ in 0..<3 {
            let word = next()
            let pairs = (word & 0x0000_FFFF_0000_FFFF) &+ (word >> 16 & 0x0000_FFFF_0000_FFFF)
            sum &+= (pairs & 0xFFFF_FFFF) &+ (pairs >> 32)
        }
        return (Double(sum) - 393_210) * 0x1p-16
    }
}
