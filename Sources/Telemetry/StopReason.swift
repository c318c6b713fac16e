/// Why a run has ended, for `riffle_stops_total`.
public enum StopReason: String, Hashable, Sendable, CaseIterable {
    /// It was told to, or reached the end that was asked for.
    case requested
    /// A committed or wanted offset is not in the log.
    case offsetOutOfRange = "offset-out-of-range"
    case notAuthorized = "not-authorized"
    /// A record's time to be delivered has passed, or a broker refused it for good.
    case notDelivered = "not-delivered"
    /// Another instance has the same transactional id or instance name.
    case fenced
    /// Whether a transaction was committed could not be found out.
    case transactionInDoubt = "transaction-in-doubt"
    /// Transactions failed again and again.
    case transactionFailed = "transaction-failed"
    /// The log no longer fills the windows, and `state.incomplete` refuses that.
    case incompleteState = "incomplete-state"
    /// The order topic cannot be read, or a record of it makes no sense.
    case order
    case stateDirectoryInUse = "state-directory-in-use"
    /// A record fits its topic in no form.
    case recordTooLarge = "record-too-large"
    /// Another failure of the cluster.
    case kafka
    /// The books do not balance: a defect of Riffle.
    case books
    case other
}
