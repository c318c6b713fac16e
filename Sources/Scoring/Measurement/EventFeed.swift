import Synchronization
import Workers

/// Events to send, without end.
protocol EventFeed: AnyObject {
    /// Adds the next events until the chunk is full.
    ///
    /// - Throws: where there can be no more, such as at the calendar's end.
    func fill(_ chunk: inout EventChunk) throws
}

/// Some events one behind the other, in memory that is used again.
struct EventChunk {
    private struct Place {
        let keyEnd: Int
        let valueEnd: Int
        let timestamp: Int64
    }

    static let eventsMax = 1_024
    private(set) var bytes: [UInt8] = []
    private var places: [Place] = []

    var count: Int { places.count }
    var isFull: Bool { count >= Self.eventsMax }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// Adds an event: `key` and `value` append their bytes.
    ///
    /// - Parameter timestampMilliseconds: the record's; `nil`: when it is sent.
    mutating func append(
        timestampMilliseconds: Int64?, key: (inout [UInt8]) throws -> Void, value: (inout [UInt8]) throws -> Void
    ) rethrows {
        try key(&bytes)
        let keyEnd = bytes.count
        try value(&bytes)
        places.append(Place(keyEnd: keyEnd, valueEnd: bytes.count, timestamp: timestampMilliseconds ?? -1))
    }

    /// Lends the event at a place of this chunk.
    func withEvent<Value>(_ index: Int, _ body: (FedEvent) throws -> Value) rethrows -> Value {
        let place = places[index]
        let start = index == 0 ? 0 : places[index - 1].valueEnd
        return try bytes.withUnsafeBytes { bytes in
            try body(
                FedEvent(
                    key: UnsafeRawBufferPointer(rebasing: bytes[start..<place.keyEnd]),
                    value: UnsafeRawBufferPointer(rebasing: bytes[place.keyEnd..<place.valueEnd]),
                    timestampMilliseconds: place.timestamp < 0 ? nil : place.timestamp))
        }
    }
}

/// One event, borrowed.
struct FedEvent {
    let key: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
    let timestampMilliseconds: Int64?
}

/// Makes the chunks of a feed ahead on a thread of its own: a sender must not stop while a day of events is drawn.
///
/// `next` belongs to one thread.
// SAFETY: the feed is the thread's alone; `current` and `place` are the taking thread's.
final class PrefetchedEvents: @unchecked Sendable {
    private enum Made {
        case chunk(EventChunk)
        case failure(any Error)
    }

    /// The thread's own hold on it, since the thread must not keep its owner alive.
    private final class StopFlag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    private static let chunksMax = 64
    private let made = BoundedQueue<Made>(capacity: PrefetchedEvents.chunksMax)
    /// Chunks that were used, to be filled again.
    private let used = BoundedQueue<EventChunk>(capacity: PrefetchedEvents.chunksMax + 2)
    private let flag = StopFlag()
    private var current = EventChunk()
    private var place = 0
    private var thread: ServiceThread?

    init(_ feed: sending any EventFeed) {
        for _ in 0..<Self.chunksMax { used.push(EventChunk()) }
        // SAFETY: handed over once; nobody else holds it.
        nonisolated(unsafe) let feed = feed
        thread = ServiceThread(name: "feed") { [made, used, flag] in
            while !flag.isSet.load(ordering: .relaxed) {
                guard var chunk = used.pop(milliseconds: 20) else { continue }
                do {
                    chunk.removeAll()
                    try feed.fill(&chunk)
                    made.push(.chunk(chunk))
                } catch {
                    made.push(.failure(error))
                    return
                }
            }
        }
    }

    /// Ends the thread and waits for it; once, by whoever calls `next`.
    func stop() {
        flag.isSet.store(true, ordering: .relaxed)
        thread?.join()
        thread = nil
    }

    /// Lends the next event; waits for it where the feed is slower than its reader.
    ///
    /// - Throws: the feed's failure, and what `body` throws; after the latter the same event comes again.
    func next<Value>(_ body: (FedEvent) throws -> Value) throws -> Value {
        if place == current.count { try advance() }
        let value = try current.withEvent(place, body)
        place += 1
        return value
    }

    /// Lends the next event without taking it.
    func peek<Value>(_ body: (FedEvent) throws -> Value) throws -> Value {
        if place == current.count { try advance() }
        return try current.withEvent(place, body)
    }

    private func advance() throws {
        // The first one is nobody's: it never was filled.
        if current.count > 0 { used.push(current) }
        current = EventChunk()
        place = 0
        switch made.pop(milliseconds: nil) {
        case .chunk(let chunk):
            guard chunk.count > 0 else { throw RunFailure("there are no events to send") }
            current = chunk
        case .failure(let failure): throw failure
        case nil: throw RunFailure("there are no events to send")
        }
    }
}

/// The same events over and over, as they are.
final class RepeatedEvents: EventFeed {
    private let events: [(key: [UInt8], value: [UInt8])]
    private var place = 0

    /// - Parameter countMax: of more events only the first so many are taken.
    init(_ events: KeyedEvents, countMax: Int) throws {
        var held: [(key: [UInt8], value: [UInt8])] = []
        events.forEach { key, value in
            if held.count < countMax { held.append((key.map { Array($0) } ?? [], Array(value))) }
        }
        if held.isEmpty { throw RunFailure("there are no events to send") }
        self.events = held
    }

    func fill(_ chunk: inout EventChunk) {
        while !chunk.isFull {
            let event = events[place]
            chunk.append(timestampMilliseconds: nil, key: { $0 += event.key }, value: { $0 += event.value })
            place = (place + 1) % events.count
        }
    }
}
