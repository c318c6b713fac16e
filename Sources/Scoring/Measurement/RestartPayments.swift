import Events
import Generation

/// Card payments in which every customer comes equally often, one round after the other: after `keys` of them there is
/// each key, and after `keys * eventsPerKey` each has so many events.
///
/// The wanted ones take ten days of event time, so that windows of a month hold twice as many again whole.
struct RestartPayments {
    let keys: Int
    let eventsPerKey: Int
    /// The next one's number.
    private(set) var made = 0
    private var chunk = EventChunk()

    static let terminals = 10_000
    private static let first: Int64 = 1_735_689_600_000_000
    private static let spanMicroseconds = 10.0 * 86_400_000_000
    private static let secondMicroseconds: Int64 = 1_000_000

    init(keys: Int, eventsPerKey: Int) {
        precondition(keys > 0 && eventsPerKey > 0, "\(keys) keys of \(eventsPerKey) events")
        self.keys = keys
        self.eventsPerKey = eventsPerKey
    }

    var wanted: Int { keys * eventsPerKey }

    func payment(_ number: Int) -> CardTransaction {
        let passed = Int64(Double(number) * (Self.spanMicroseconds / Double(wanted)))
        // By a multiplicative hash: customers of one round would else meet terminals in step.
        let terminal = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 >> 32 % UInt64(Self.terminals)
        return CardTransaction(
            transactionID: Int64(number) + 1,
            time: EventTime(microseconds: Self.first + passed / Self.secondMicroseconds * Self.secondMicroseconds),
            customerID: number % keys, terminalID: Int(terminal), amountCents: Int64(100 + number % 20_000))
    }

    /// Lends the next one.
    mutating func next<Value>(_ body: (FedEvent) throws -> Value) rethrows -> Value {
        chunk.removeAll()
        chunk.append(payment(made))
        made += 1
        return try chunk.withEvent(0, body)
    }
}
