public import Events

/// Why a generated transaction is fraud.
public enum FraudScenario: UInt8, Hashable, Sendable, CaseIterable {
    case none = 0
    /// The amount is over `CardTransaction.largeAmountCents`.
    case largeAmount
    /// The terminal is compromised: all its transactions are fraud for `FraudSchedule.terminalDays` days.
    case compromisedTerminal
    /// The customer's card is compromised: of each three transactions one has five times the amount and is fraud.
    case compromisedCustomer
}

/// One generated card payment.
public struct CardTransaction: Hashable, Sendable {
    /// Every transaction over this amount is fraud.
    public static let largeAmountCents: Int64 = 220_00

    /// Counts up by one in time order.
    public var transactionID: Int64
    /// A whole second.
    public var time: EventTime
    public var customerID: Int
    public var terminalID: Int
    /// At least 1.
    public var amountCents: Int64
    /// Where several hold, the last in the order of the cases.
    public var scenario: FraudScenario
    /// `nil`: events do not say how they were paid.
    public var channel: PaymentChannel?
    /// `nil`: events do not say where their terminal is.
    public var region: TerminalRegion?
    /// Whether the event is written without its amount: what a planted drift takes away.
    public var lacksAmount: Bool

    @inlinable public var isFraud: Bool { scenario != .none }

    public init(
        transactionID: Int64, time: EventTime, customerID: Int, terminalID: Int, amountCents: Int64,
        scenario: FraudScenario = .none, channel: PaymentChannel? = nil, region: TerminalRegion? = nil,
        lacksAmount: Bool = false
    ) {
        self.transactionID = transactionID
        self.time = time
        self.customerID = customerID
        self.terminalID = terminalID
        self.amountCents = amountCents
        self.scenario = scenario
        self.channel = channel
        self.region = region
        self.lacksAmount = lacksAmount
    }
}
