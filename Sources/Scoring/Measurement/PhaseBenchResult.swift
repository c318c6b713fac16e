public import Engine

/// The rounds of a bench.
public struct PhaseBenchResult: Sendable {
    /// What Riffle must do for decode, features, score and encode, one core, no Kafka; events a second.
    public static let leastEventsPerSecond = 500_000.0
    public static let aimEventsPerSecond = 1_000_000.0

    public let workers: Int
    /// In the order they ran; at least one.
    public let passes: [MeasuredPass]

    public init(workers: Int, passes: [MeasuredPass]) {
        precondition(!passes.isEmpty, "a bench without a round")
        self.workers = workers
        self.passes = passes
    }

    /// All rounds gave the same scores, byte for byte, as they have to.
    public var isSame: Bool {
        passes.allSatisfy { $0.scoreHash == passes[0].scoreHash && $0.scored == passes[0].scored }
    }

    /// The quickest round's nanoseconds of a phase for one event.
    public func best(_ phase: MeasuredPhase) -> Double { sorted(phase)[0] }

    /// The median round's; of an even number, the mean of the two in the middle.
    public func median(_ phase: MeasuredPhase) -> Double {
        let sorted = sorted(phase)
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Events a second on one core: each worker is taken to have one for itself.
    public func eventsPerSecondAndCore(nanoseconds: Double) -> Double {
        nanoseconds > 0 ? 1e9 / (nanoseconds * Double(workers)) : 0
    }

    private func sorted(_ phase: MeasuredPhase) -> [Double] {
        passes.map { Double($0.nanoseconds(of: phase)) / Double(max(1, $0.events)) }.sorted()
    }
}
