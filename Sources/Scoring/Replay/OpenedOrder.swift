import Engine

/// A recorded order that was opened before the ends of the source were asked for: whatever it tells of stands before
/// them, so that it can be followed to its end.
final class OpenedOrder: OrderPort {
    private let port: any OrderPort
    private let range: Range<Int64>

    init(_ port: any OrderPort) throws {
        self.port = port
        range = try port.open(from: 0)
    }

    var isEmpty: Bool { range.isEmpty }

    func open(from offset: Int64) -> Range<Int64> {
        precondition(offset <= range.lowerBound, "an order from \(offset) on, opened at \(range.lowerBound)")
        return range
    }

    func next() throws -> (offset: Int64, value: [UInt8])? { try port.next() }
}
