public import Engine
public import Events

/// Payments as columns: every card comes equally often on average, in an order drawn from a seed.
///
/// A customer has two cards and a device, a terminal sees ten cards; the same `(seed, number)` makes the same event
/// everywhere.
public struct FeatureBenchEvents: ColumnEvents {
    /// How often a card comes.
    public enum Spread: String, CaseIterable, Sendable {
        /// Drawn anew for each event, so that cards differ in how many events they have.
        case random
        /// One round of all cards after the other.
        case even
    }

    private let cards: Int
    private let spread: Spread
    private let stepMicroseconds: Double
    /// The next one's number.
    public private(set) var made = 0
    private var draw: UInt64
    private var text: [UInt8] = []

    /// 2025-01-01T00:00:00Z.
    private static let start: Int64 = 1_735_689_600_000_000
    static let nameBytes = 13
    private static let countries: [[UInt8]] = ["DE", "FR", "NL", "GB", "US", "PL", "IT", "ES"].map { Array($0.utf8) }

    /// - Parameters:
    ///   - eventsPerCard: what each card has on average in `days`.
    public init(cards: Int, eventsPerCard: Double, days: Double, spread: Spread, seed: UInt64) {
        precondition(cards > 0 && eventsPerCard > 0 && days > 0, "\(cards) cards of \(eventsPerCard) events")
        self.cards = cards
        self.spread = spread
        stepMicroseconds = days * 86_400_000_000 / (Double(cards) * eventsPerCard)
        draw = seed
    }

    /// How many different keys a field has, and how many different values `distinct` meets beside each of them.
    static func keys(ofField name: String, cards: Int) -> (keys: Int, differentValues: Int) {
        switch name {
        case "customer", "device": (max(1, cards / 2), 2)
        case "terminal": (max(1, cards / 10), countries.count)
        default: (cards, countries.count)
        }
    }

    public mutating func append(_ rows: Int, to batch: EventBatch) {
        let columns = Columns(batch)
        for _ in 0..<rows {
            append(to: batch, columns)
            made += 1
        }
    }

    private mutating func append(to batch: EventBatch, _ columns: Columns) {
        let row = batch.count
        batch.count = row + 1
        let bits = next()
        let card =
            spread == .even ? made % cards : Int(truncatingIfNeeded: bits.multipliedFullWidth(by: UInt64(cards)).high)
        let values = next()
        let time = Self.start + Int64(Double(made) * stepMicroseconds)
        batch.eventTimes[row] = time
        batch.recordTimes[row] = time
        batch.offsets[row] = Int64(made)
        batch.lanes[row] = 0
        batch.sources[row] = 0
        batch.faults[row] = .none
        func set(_ field: Int, _ word: Int64) {
            batch.words[field][row] = word
            batch.presence[field][row] = Presence.present
        }
        set(columns.at, time)
        set(columns.payment, Int64(made))
        set(columns.card, name(UInt8(ascii: "c"), card, in: batch))
        set(columns.customer, Int64(card / 2))
        set(columns.terminal, Int64(values >> 32) % Int64(max(1, cards / 10)))
        set(columns.device, name(UInt8(ascii: "d"), card / 2, in: batch))
        set(columns.amount, Int64(values & 0xFFFF) + 100)
        set(columns.distance, Int64(bitPattern: (Double(values >> 16 & 0xFFFF) / 64).bitPattern))
        set(
            columns.country,
            Self.countries[Int(values >> 13 & 7)].withUnsafeBufferPointer { country in
                country.baseAddress.map { batch.appendString($0, length: country.count) } ?? 0
            })
        set(columns.declined, values & 31 == 0 ? 1 : 0)
    }

    /// A letter and twelve digits: thirteen bytes, as many as a short key may have and some more than most have.
    private mutating func name(_ letter: UInt8, _ number: Int, in batch: EventBatch) -> Int64 {
        text.removeAll(keepingCapacity: true)
        text.append(letter)
        var divisor = 100_000_000_000
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
        return text.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { batch.appendString($0, length: bytes.count) } ?? 0
        }
    }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        draw &+= 0x9E37_79B9_7F4A_7C15
        var mixed = draw
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private struct Columns {
        let at, payment, card, customer, terminal, device, amount, distance, country, declined: Int

        init(_ batch: EventBatch) {
            func place(_ name: String) -> Int {
                guard let index = batch.schema.index(named: name) else { preconditionFailure("no field \(name)") }
                return index.rawValue
            }
            (at, payment) = (place("at"), place("payment"))
            (card, customer, terminal) = (place("card"), place("customer"), place("terminal"))
            (device, amount, distance) = (place("device"), place("amount"), place("distance"))
            (country, declined) = (place("country"), place("declined"))
        }
    }
}
