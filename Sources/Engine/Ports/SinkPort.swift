/// Which topic an output goes to.
public enum OutputKind: UInt8, Sendable {
    case score
    case deadLetter
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
    /// The input record, whose own headers a dead letter keeps.
    public var origin: RecordReference
    /// The batch that this output belongs to; comes back with the acknowledgement.
    public var token: UInt64

    public init(
        kind: OutputKind, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: UnsafeBufferPointer<OutputHeader>, origin: RecordReference, token: UInt64
    ) {
        self.kind = kind
        self.key = key
        self.value = value
        self.headers = headers
        self.origin = origin
        self.token = token
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

/// Where records go. `send` is called from one thread, so that the order per key holds; `serve` from that one where
/// the sink is full and from another all the time, also from both at once.
public protocol SinkPort: AnyObject {
    /// Who hears of acknowledgements; before anything is sent, and `nil` when nothing more is to be heard.
    func attach(_ observer: (any SinkObserver)?)
    func send(_ output: OutputRecord) throws -> SendOutcome
    /// Delivers acknowledgements for at most so long.
    func serve(milliseconds: Int)
}
