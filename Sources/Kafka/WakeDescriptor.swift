import CRdkafka

#if canImport(Glibc)
    import Glibc
#endif

/// The one owner of an eventfd: many queues write to it, one thread waits on it.
struct WakeDescriptor: ~Copyable {
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        precondition(descriptor >= 0, "eventfd: errno \(errno)")
    }

    deinit { close(descriptor) }

    /// Wakes the waiting thread, or lets the next wait return at once. Any thread.
    func wake() {
        var one = wakePayload
        // A full counter already wakes.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits for a wake, takes all of them, and says whether there was one.
    func wait(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // An interrupted wait counts as a time-out: whoever waits looks at its queues and comes back.
        guard poll(&request, 1, milliseconds) > 0 else { return false }
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        return true
    }

    /// Lets a librdkafka queue wake this when it turns from empty to not empty.
    func watch(_ queue: OpaquePointer) {
        var one = wakePayload
        rd_kafka_queue_io_event_enable(queue, descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Must come before the descriptor is closed: its number is soon another file's.
    static func unwatch(_ queue: OpaquePointer) { rd_kafka_queue_io_event_enable(queue, -1, nil, 0) }
}

/// What an eventfd takes: eight bytes, the number to add.
private let wakePayload: UInt64 = 1
