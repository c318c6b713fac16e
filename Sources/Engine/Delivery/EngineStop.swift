/// A failure of the engine's own after which a run cannot go on; its text is its description.
public protocol EngineStop: Error {
    var stop: EngineStopKind { get }
}

public enum EngineStopKind: Hashable, Sendable {
    /// A record fits its topic in no form.
    case recordTooLarge
    /// Transactions failed too often in a row.
    case transactionsFailed
}

extension OutputTooLarge: EngineStop {
    var stop: EngineStopKind { .recordTooLarge }
}

extension TransactionFailure: EngineStop {
    var stop: EngineStopKind { .transactionsFailed }
}
