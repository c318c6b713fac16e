public import Events

/// What becomes known of a transaction some time after it: whether it was fraud.
public struct CardLabel: Hashable, Sendable {
    public var transactionID: Int64
    public var terminalID: Int
    /// When the transaction was.
    public var time: EventTime
    /// When it was known.
    public var labelledAt: EventTime
    public var isFraud: Bool

    public init(_ transaction: CardTransaction, labelledAt: EventTime) {
        transactionID = transaction.transactionID
        terminalID = transaction.terminalID
        time = transaction.time
        self.labelledAt = labelledAt
        isFraud = transaction.isFraud
    }
}

/// Labels that are not known yet: each becomes known the same time after its transaction, so that they come in the
/// order of the transactions.
///
/// Memory holds the transactions of one delay.
public struct PendingLabels: Sendable {
    public let delayMicroseconds: Int64
    private var waiting: [CardLabel] = []
    private var first = 0
    private static let keptMax = 4_096

    public init(delayMicroseconds: Int64) {
        precondition(delayMicroseconds >= 0, "labels \(-delayMicroseconds) microseconds before their transactions")
        self.delayMicroseconds = delayMicroseconds
    }

    /// Adds a transaction that is not before those that were added. Complexity: O(1) amortised.
    public mutating func add(_ transaction: CardTransaction) {
        if first >= Self.keptMax && first * 2 >= waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
        let known = EventTime(microseconds: transaction.time.microseconds + delayMicroseconds)
        waiting.append(CardLabel(transaction, labelledAt: known))
    }

    /// The next label, if it is known at `time`; it stays until it is removed.
    public func next(at time: EventTime) -> CardLabel? {
        first < waiting.count && waiting[first].labelledAt <= time ? waiting[first] : nil
    }

    /// Removes the label that `next` gave.
    public mutating func removeFirst() {
        precondition(first < waiting.count, "no label waits")
        first += 1
    }

    public var count: Int { waiting.count - first }
}

extension CardTransactionWriter {
    /// The first line of a CSV file of labels, without the end of line.
    public static let labelHeader = "transaction_id,terminal_id,tx_datetime,labelled_at,tx_fraud"

    /// Appends `{"transaction_id":1,"terminal_id":"3","tx_datetime":"…","labelled_at":"…","tx_fraud":false}`. Allocates
    /// only where `bytes` grows.
    public static func appendJSON(_ label: CardLabel, to bytes: inout [UInt8]) {
        append(to: &bytes) { cursor in
            cursor.text("{\"transaction_id\":")
            cursor.number(label.transactionID)
            cursor.text(",\"terminal_id\":\"")
            cursor.number(Int64(label.terminalID))
            cursor.text("\",\"tx_datetime\":\"")
            cursor.time(label.time.microseconds)
            cursor.text("\",\"labelled_at\":\"")
            cursor.time(label.labelledAt.microseconds)
            cursor.text(label.isFraud ? "\",\"tx_fraud\":true}" : "\",\"tx_fraud\":false}")
        }
    }

    /// Appends a row under `labelHeader`. Allocates only where `bytes` grows.
    public static func appendCSV(_ label: CardLabel, to bytes: inout [UInt8]) {
        append(to: &bytes) { cursor in
            cursor.number(label.transactionID)
            cursor.byte(UInt8(ascii: ","))
            cursor.number(Int64(label.terminalID))
            cursor.byte(UInt8(ascii: ","))
            cursor.time(label.time.microseconds)
            cursor.byte(UInt8(ascii: ","))
            cursor.time(label.labelledAt.microseconds)
            cursor.text(label.isFraud ? ",true" : ",false")
        }
    }

    /// Appends the terminal's id as text: the key of the label's record in Kafka.
    public static func appendKey(_ label: CardLabel, to bytes: inout [UInt8]) {
        append(to: &bytes) { $0.number(Int64(label.terminalID)) }
    }
}
