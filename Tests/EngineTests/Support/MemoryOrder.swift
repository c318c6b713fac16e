import Engine

/// An order topic in memory.
final class MemoryOrder: OrderPort {
    private(set) var records: [[UInt8]]
    private var position = 0
    private(set) var openedFrom: [Int64] = []

    init(_ records: [[UInt8]] = []) { self.records = records }

    func append(_ record: [UInt8]) { records.append(record) }

    func open(from offset: Int64) throws -> Range<Int64> {
        openedFrom.append(offset)
        position = Int(offset)
        return offset..<Int64(records.count)
    }

    func next() throws -> (offset: Int64, value: [UInt8])? {
        if position >= records.count { return nil }
        defer { position += 1 }
        return (Int64(position), records[position])
    }
}
