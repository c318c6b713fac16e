import Engine
import Synchronization

/// When each event was meant to be sent, by partition and offset: the topic is new, and its one sender knows what goes
/// where.
///
/// A ring for each partition keeps the newest: memory is bounded however long a run lasts. It reaches further back than
/// the embedded cluster keeps uncompressed events, so that whoever falls behind it has lost events already.
// SAFETY: the times are behind the mutex.
final class LatencySchedule: Sendable {
    struct Entry: Hashable {
        let intended: Int64
        /// Counted over all partitions; negative for events before the first that is timed.
        let number: Int64
    }

    /// What is known of an event.
    enum Found: Hashable {
        case entry(Entry)
        /// It was sent, too long ago.
        case forgotten
        case neverSent
    }

    private struct Lane {
        /// Of offset `o` at `o % capacity`; grows until it is full.
        var ring: [Entry] = []
        var nextOffset: Int64 = 0
    }

    static let entriesPerPartitionDefault = 1 << 19
    private let lanes: Mutex<[Lane]>
    private let capacity: Int64
    let clock = MonotonicClock()

    /// - Parameter entriesPerPartition: 16 bytes each.
    init(partitions: Int, entriesPerPartition: Int = LatencySchedule.entriesPerPartitionDefault) {
        precondition(entriesPerPartition > 0, "a schedule of \(entriesPerPartition) entries")
        lanes = Mutex(Array(repeating: Lane(), count: partitions))
        capacity = Int64(entriesPerPartition)
    }

    /// Notes the partition's next event.
    func append(_ entry: Entry, partition: Int) {
        lanes.withLock { lanes in
            if lanes[partition].ring.count < Int(capacity) {
                lanes[partition].ring.append(entry)
            } else {
                lanes[partition].ring[Int(lanes[partition].nextOffset % capacity)] = entry
            }
            lanes[partition].nextOffset += 1
        }
    }

    /// The offset of each partition's next event: how many were noted.
    var nextOffsets: [Int64] { lanes.withLock { $0.map(\.nextOffset) } }

    /// Looks up many under one lock.
    func withEntries(_ body: ((_ partition: Int, _ offset: Int64) -> Found) -> Void) {
        lanes.withLock { lanes in
            body { partition, offset in
                guard lanes.indices.contains(partition), offset >= 0, offset < lanes[partition].nextOffset else {
                    return .neverSent
                }
                if offset < lanes[partition].nextOffset - capacity { return .forgotten }
                return .entry(lanes[partition].ring[Int(offset % capacity)])
            }
        }
    }
}
