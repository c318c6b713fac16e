/// Which topic an output goes to.
public enum OutputKind: UInt8, Sendable {
    case score
    case deadLetter
    /// The order in which events were taken.
    case order
}

/// A header of an output; its bytes are borrowed for the call.
public struct OutputHeader {
    public var name: StaticString
    public var value: UnsafeRawBufferPointer

    public init(name: StaticString, value: UnsafeRawBufferPointer) {
        self.name = name
        self.value = value
    }
}

/// One record to be produced; all bytes are borrowed for the call.
public struct OutputRecord {
    public var kind: OutputKind
    public var key: UnsafeRawBufferPointer?
    public var value: UnsafeRawBufferPointer?
    public var headers: UnsafeBufferPointer<OutputHeader>
    /// The input record, whose own headers a dead letter keeps; without a handle where there is none.
    public var origin: RecordReference
    /// The batch that this output belongs to; comes back with the acknowledgement.
    public var token: UInt64
    /// The partition that the event came from: what has no key goes by it, so that what is sent again goes where it
    /// went before, in the same order. -1: there is no event.
    public var partition: Int32

    public init(
        kind: OutputKind, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: UnsafeBufferPointer<OutputHeader>, origin: RecordReference, token: UInt64, partition: Int32
    ) {
        self.kind = kind
        self.key = key
        self.value = value
        self.headers = headers
        self.origin = origin
        self.token = token
        self.partition = partition
    }
}

public enum SendOutcome: Sendable {
    case queued
    /// The sink has no room now: serve acknowledgements and try again.
    case full
    /// The record can never be accepted; it was not queued.
    case tooLarge
}

/// Hears of acknowledgements, on the thread that calls `SinkPort.serve`.
public protocol SinkObserver: AnyObject {
    func sinkDidAcknowledge(token: UInt64)
    /// The record was given up for good; the engine stops, so that nothing after it is committed.
    func sinkDidFail(token: UInt64, error: any Error)
}

/// Where records go. `send` and `serve` are called from one thread, so that the order per key holds and what was taken
/// for a record is given back where it was taken.
public protocol SinkPort: AnyObject {
    /// Who hears of acknowledgements; before anything is sent, and `nil` when nothing more is to be heard.
    func attach(_ observer: (any SinkObserver)?)
    func send(_ output: OutputRecord) throws -> SendOutcome
    /// Delivers acknowledgements; waits at most so long for the first.
    func serve(milliseconds: Int)
    /// Ends a wait in `serve`, or lets the next one return at once; from any thread.
    func wake()
    /// No order that is not yet acknowledged will stand before this offset of the order topic; -1: not known.
    var orderPosition: Int64 { get }
    /// Set where outputs and offsets go in one transaction.
    var transactions: (any TransactionPort)? { get }
}

/// Outputs and offsets in one transaction. All calls come from the thread that sends, and block.
public protocol TransactionPort: AnyObject {
    /// Ends what an earlier instance of the same name left open, and keeps it from writing; called once, before
    /// anything is read.
    func initialize() throws
    func begin() throws
    /// Makes everything sent since `begin` visible, together with the offsets; an answer in doubt is asked for until it
    /// is none.
    ///
    /// - Parameter membership: `SourcePort.membership` of the assignment in which the events were read.
    /// - Throws: what cannot be gone on from: another instance took over, or the doubt could not be resolved.
    func commit(_ commit: OffsetCommit, membership: AnyObject?) throws -> TransactionOutcome
    /// Makes everything sent since `begin` void.
    func abort() throws
}

/// What became of a transaction.
public enum TransactionOutcome: Hashable, Sendable {
    case committed
    /// Nothing of it will ever be seen; after `abort` it may be sent again.
    case failed(reason: String)
    /// The assignment is over for the group: nothing may be sent again by this one. `abort` has to follow.
    case stale(reason: String)
}
