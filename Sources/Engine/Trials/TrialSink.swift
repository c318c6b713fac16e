/// Keeps the recorded order of a trial, and nothing else: what is scored is looked at before it is sent.
// SAFETY: as `TrialSource`.
final class TrialSink: SinkPort, OrderPort, @unchecked Sendable {
    private weak var observer: (any SinkObserver)?
    private var orders: [[UInt8]] = []
    private var place = 0

    func attach(_ observer: (any SinkObserver)?) { self.observer = observer }

    func send(_ output: OutputRecord) -> SendOutcome {
        if output.kind == .order { orders.append(output.value.map { Array($0) } ?? []) }
        observer?.sinkDidAcknowledge(token: output.token)
        return .queued
    }

    func serve(milliseconds: Int) {}
    func wake() {}

    var orderPosition: Int64 { Int64(orders.count) }
    var transactions: (any TransactionPort)? { nil }

    func open(from offset: Int64) throws -> Range<Int64> {
        place = min(max(0, Int(offset)), orders.count)
        return Int64(place)..<Int64(orders.count)
    }

    func next() throws -> (offset: Int64, value: [UInt8])? {
        if place >= orders.count { return nil }
        defer { place += 1 }
        return (Int64(place), orders[place])
    }
}

/// Time stands still: no event of a trial waits for a clock, and no commit but those that have to be is made.
struct StillClock: EngineClock {
    var nanoseconds: Int64 { 0 }
}
