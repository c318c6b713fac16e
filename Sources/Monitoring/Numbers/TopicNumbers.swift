public import Kafka

/// Numbers from the records of a topic: the value's own, or a member's of its JSON object.
///
/// Only committed records are read, each partition up to its end as it is now. No group is joined, and nothing is
/// remembered on the brokers. Belongs to one thread.
public struct TopicNumbers {
    /// Where and how a cluster is reached.
    public struct Access {
        public var brokers: String
        /// Named to the brokers, never joined: where access is restricted, one that the user may read for.
        public var group: String
        public var properties: KafkaProperties
        public var onLog: KafkaLogSink

        public init(
            brokers: String, group: String = "riffle-drift", properties: KafkaProperties = KafkaProperties(),
            onLog: @escaping KafkaLogSink = { _ in }
        ) {
            self.brokers = brokers
            self.group = group
            self.properties = properties
            self.onLog = onLog
        }
    }

    private struct Partition {
        let id: Int32
        let from: Int64
        let end: Int64
    }

    private let range: TopicRange
    private let member: NumberMember?
    private let skipsMissing: Bool
    private let access: Access
    /// What the caller should know, though the numbers are good: records that were asked for and are gone.
    public private(set) var notes: [String] = []
    private var values: [Double] = []
    private var missing = 0

    private static let requestMilliseconds = 30_000
    private static let waitMilliseconds = 1_000
    /// So long nothing may come before the brokers count as gone.
    private static let silentWaitsMax = 30

    /// - Parameters:
    ///   - column: a member of the value's JSON object, as `NumberReader` has it; `nil`: the value is a number.
    ///   - skipsMissing: a value without a number is passed over and counted, not refused.
    public init(_ range: TopicRange, column: String?, skipsMissing: Bool = false, access: Access) {
        self.range = range
        member = column.map { NumberMember($0) }
        self.skipsMissing = skipsMissing
        self.access = access
    }

    /// Reads them all, one partition after the other; blocks.
    ///
    /// By time a partition is read to its end, since records need not be in order of their timestamps.
    /// - Throws: `NumberFailure` for a topic that is not there, a value that is no number (with its place), or more
    ///   numbers than `countMax`; and `KafkaFailure`.
    public mutating func read(countMax: Int) throws -> SampleComparison.Numbers {
        values = []
        missing = 0
        notes = []
        for partition in try partitions() where partition.from < partition.end {
            try read(partition, countMax: countMax)
        }
        return SampleComparison.Numbers(name: "\(range)", values: values, missing: missing)
    }

    private func partitions() throws -> [Partition] {
        let admin = try KafkaAdmin(brokers: access.brokers, properties: access.properties, onLog: access.onLog)
        guard let metadata = try admin.metadata(of: range.topic, milliseconds: Self.requestMilliseconds) else {
            throw NumberFailure("topic \"\(range.topic)\" does not exist on \(access.brokers)")
        }
        let ids = metadata.partitions.map(\.id).filter { range.partition == nil || $0 == range.partition }
        if ids.isEmpty {
            throw NumberFailure(
                "topic \"\(range.topic)\" has no partition \(range.partition ?? 0): it has \(metadata.partitions.count)"
            )
        }
        let ends = try admin.endOffsets(of: range.topic, milliseconds: Self.requestMilliseconds)
        var starts = ids.map { _ in Int64(0) }
        switch range.from {
        case .offset(let offset)?: starts = ids.map { _ in offset }
        case .milliseconds(let time)?:
            starts = try admin.offsets(
                atRecordTimeMilliseconds: time, of: ids.map { TopicPartition(topic: range.topic, partition: $0) },
                milliseconds: Self.requestMilliseconds)
        case nil: break
        }
        return zip(ids, starts).map { id, start in
            var end = Int(id) < ends.count ? ends[Int(id)] : 0
            if case .offset(let offset)? = range.to { end = min(end, offset) }
            return Partition(id: id, from: min(start, end), end: end)
        }
    }

    private mutating func read(_ partition: Partition, countMax: Int) throws {
        let reader = try TopicReader(
            brokers: access.brokers, group: access.group, properties: access.properties, topic: range.topic,
            partition: partition.id, from: partition.from, milliseconds: Self.requestMilliseconds, onLog: access.onLog)
        if let skipped = reader.skipped, range.from != nil {
            notes.append(
                "\(range.topic)/\(partition.id): offsets \(skipped.lowerBound) to \(skipped.upperBound - 1) are no longer there"
            )
        }
        var silentWaits = 0
        while reader.position < partition.end {
            switch try reader.next(milliseconds: Self.waitMilliseconds) {
            case .record(let record):
                silentWaits = 0
                if record.offset >= partition.end { return }
                try take(record, of: partition.id, countMax: countMax)
            case .end: return
            case .nothingYet:
                silentWaits += 1
                if silentWaits == Self.silentWaitsMax {
                    throw reader.lastFailure.map { $0 as any Error }
                        ?? NumberFailure("\(range.topic)/\(partition.id): nothing came for 30 s")
                }
            }
        }
    }

    private mutating func take(_ record: KafkaRecord, of partition: Int32, countMax: Int) throws {
        guard range.contains(offset: record.offset, milliseconds: record.timestampMicroseconds / 1_000) else { return }
        func problem(_ what: String) -> NumberFailure {
            NumberFailure("\(range.topic)/\(partition)/\(record.offset): \(what)")
        }
        switch reading(of: record) {
        case .number(let value):
            if values.count == countMax {
                throw problem("more than \(countMax) numbers, which is as many as are held")
            }
            values.append(value)
        case .missing(let what):
            if !skipsMissing {
                throw problem("\(what), where a number is expected; --skip-missing passes over such records")
            }
            missing += 1
        case .unusable(let what): throw problem(what)
        }
    }

    private func reading(of record: KafkaRecord) -> NumberMember.Reading {
        guard let bytes = record.valueBytes, bytes.count > 0 else { return .missing("no value") }
        if let member { return member.read(bytes) }
        switch NumberCell.read(bytes.bindMemory(to: UInt8.self)) {
        case .number(let value): return .number(value)
        case .missing: return .missing("nan")
        case .infinite: return .unusable("an infinite number, which no statistic here can use")
        case .text(let text):
            if text.hasPrefix("{") { return .unusable("a JSON object: choose a member with --column, such as score") }
            return .unusable("\"\(text)\" is no number")
        }
    }
}
