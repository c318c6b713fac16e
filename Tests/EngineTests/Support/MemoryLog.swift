import Synchronization

/// One record of a partition in memory.
struct LogRecord: Sendable {
    var key: [UInt8]?
    var value: [UInt8]?
    /// Microseconds.
    var timestamp: Int64
    var headers: [(name: String, value: String)] = []

    init(key: [UInt8]?, value: [UInt8]?, timestamp: Int64, headers: [(name: String, value: String)] = []) {
        self.key = key
        self.value = value
        self.timestamp = timestamp
        self.headers = headers
    }

    init(_ text: String, key: String? = nil, timestamp: Int64 = .min) {
        self.init(key: key.map { Array($0.utf8) }, value: Array(text.utf8), timestamp: timestamp)
    }
}

/// What stands at an offset.
enum LogEntry: Sendable {
    case record(LogRecord)
    /// A transaction marker, or what compaction has left: an offset without a record.
    case marker

    var record: LogRecord? {
        if case .record(let record) = self { record } else { nil }
    }
}

/// Partitions and a group's committed offsets: what outlives an engine.
final class MemoryLog: Sendable {
    let topic: String
    let partitions: [[LogEntry]]
    private let offsets: Mutex<[Int64]>

    init(topic: String = "payments", _ partitions: [[LogEntry]]) {
        self.topic = topic
        self.partitions = partitions
        offsets = Mutex(Array(repeating: 0, count: partitions.count))
    }

    convenience init(records: [[LogRecord]]) { self.init(records.map { $0.map { .record($0) } }) }

    var committed: [Int64] { offsets.withLock { $0 } }

    func commit(_ offset: Int64, partition: Int) { offsets.withLock { $0[partition] = offset } }

    var recordCount: Int { partitions.joined().count { $0.record != nil } }

    /// The names of all records, as headers call them.
    var origins: [String] {
        partitions.enumerated().flatMap { partition, entries in
            entries.indices.filter { entries[$0].record != nil }.map { "\(topic)/\(partition)/\($0)" }
        }
    }
}

/// A small generator whose sequence is the same everywhere (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
