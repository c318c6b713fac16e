import Engine
import Synchronization

/// Time that passes only where a schedule lets it.
final class ManualClock: EngineClock {
    private let now = Atomic<Int64>(0)

    var nanoseconds: Int64 { now.load(ordering: .relaxed) }

    func advance(milliseconds: Int) { now.add(Int64(milliseconds) * 1_000_000, ordering: .relaxed) }
}
