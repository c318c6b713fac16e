import Events
import Features

/// One row's way out: all that is sent for it, and where it came from.
struct OutputRow {
    let disposition: RowDisposition
    let lane: Int
    /// Of the topic that it came from; set by who knows the assignment.
    var partition: Int32 = -1
    /// The place of its source among the plan's.
    let source: Int
    let offset: Int64
    let fault: Fault
    let record: RecordReference
    /// The encoded score; empty where the row has none.
    let value: UnsafeRawBufferPointer
}

/// A dead letter that is too large even without the event's key, value and headers: the topic takes nothing at all.
struct OutputTooLarge: Error, CustomStringConvertible {
    var description: String {
        "not even a dead letter without key, value and headers may be sent; raise \"message.max.bytes\" under kafka.properties "
            + "and on the topic"
    }
}
