public import Engine
import Events
import Features
import Workers
import Telemetry

/// What a bench of the feature engine is to measure.
public struct FeatureBenchOptions: Hashable, Sendable {
    public var keys = [10_000, 100_000, 1_000_000]
    public var eventsPerKey = 30.0
    /// The time that `eventsPerKey` take.
    public var days = 30.0
    public var spread = FeatureBenchEvents.Spread.random
    public var rounds = 5
    /// Events of one round.
    public var eventsMeasured = 1_000_000
    public var batchRowsMax = StreamSettings().batchRowsMax
    public var seed: UInt64 = 1

    public init() {}
}

/// `riffle bench features`: what the feature engine takes for events that are columns in memory, on one thread.
public struct FeatureBench: Sendable {
    public let options: FeatureBenchOptions

    public init(_ options: FeatureBenchOptions) { self.options = options }

    /// One shape with so many keys, whose windows were full before the first round.
    public struct Row: Hashable, Sendable {
        public let shape: FeatureBenchShape
        public let keys: Int
        /// Events before the first round.
        public let filled: Int
        public let rounds: [MeasuredFeatures]
        /// Bytes of keyed state behind the last round.
        public let stateBytes: Int

        /// Nanoseconds an event, in order.
        public var sorted: [Double] { rounds.map(\.nanosecondsPerEvent).sorted() }
        public var best: Double { sorted[0] }
        public var median: Double { PairedBenchText.median(sorted) }
    }

    /// Fills the windows of `keys` keys and measures rounds behind that.
    public func row(_ shape: FeatureBenchShape, keys: Int) -> Row {
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let measurement = FeatureMeasurement(
            plan: shape.plan(keysPerEntity: keysMax(keys)), pool: pool, batchRowsMax: options.batchRowsMax)
        var events = events(keys: keys)
        let filled = Int((Double(keys) * options.eventsPerKey).rounded(.up))
        _ = measurement.take(filled, of: &events, isHashed: false)
        let rounds = (0..<options.rounds).map { _ in measurement.take(options.eventsMeasured, of: &events) }
        return Row(
            shape: shape, keys: keys, filled: filled, rounds: rounds, stateBytes: measurement.statistics.bytes)
    }

    /// So many that no shard is full: shares of the limit are equal, keys in them are not.
    private func keysMax(_ keys: Int) -> Int { max(100_000, keys * 2) }

    private func events(keys: Int) -> FeatureBenchEvents {
        FeatureBenchEvents(
            cards: keys, eventsPerCard: options.eventsPerKey, days: options.days, spread: options.spread,
            seed: options.seed)
    }

    // MARK: - Memory

    /// What the state of so many keys takes, by the plan and by the system.
    public struct Memory: Hashable, Sendable {
        /// Keys of all entities.
        public let keys: Int
        /// Of `days`.
        public let events: Int
        /// As `riffle check` says.
        public let estimatedBytes: Double
        /// What the engine says that it has reserved.
        public let stateBytes: Int
        /// By how much more of the process is in RAM than before the first event.
        public let residentBytes: Int

        public init(keys: Int, events: Int, estimatedBytes: Double, stateBytes: Int, residentBytes: Int) {
            self.keys = keys
            self.events = events
            self.estimatedBytes = estimatedBytes
            self.stateBytes = stateBytes
            self.residentBytes = residentBytes
        }

        /// For the process that started this one.
        public var line: String { "\(keys) \(events) \(estimatedBytes) \(stateBytes) \(residentBytes)" }

        public init?(line: String) {
            let parts = line.split(separator: " ")
            guard parts.count == 5, let keys = Int(parts[0]), let events = Int(parts[1]),
                let estimated = Double(parts[2]), let state = Int(parts[3]), let resident = Int(parts[4])
            else { return nil }
            self.init(
                keys: keys, events: events, estimatedBytes: estimated, stateBytes: state, residentBytes: resident)
        }
    }

    /// Lets `days` pass twice for `keys` cards, so that windows have let go of as much as they hold, and compares.
    ///
    /// Only for a process that has done nothing before: memory that it has given back may be taken again without
    /// growing it.
    public func memory(_ shape: FeatureBenchShape, keys: Int) -> Memory {
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let plan = shape.plan(keysPerEntity: keysMax(keys))
        let measurement = FeatureMeasurement(plan: plan, pool: pool, batchRowsMax: options.batchRowsMax)
        // Buffers are touched by the events of one card before the first look.
        var warm = FeatureBenchEvents(
            cards: 1, eventsPerCard: options.eventsPerKey, days: options.days, spread: .even, seed: 0)
        _ = measurement.take(options.batchRowsMax * 2, of: &warm, isHashed: false)
        measurement.removeAll()
        let before = ResidentMemory.bytes ?? 0
        var events = events(keys: keys)
        let count = Int((Double(keys) * options.eventsPerKey).rounded(.up))
        _ = measurement.take(count * 2, of: &events, isHashed: false)
        let grown = (ResidentMemory.bytes ?? 0) - before
        let statistics = measurement.statistics
        return Memory(
            keys: statistics.keys, events: count,
            estimatedBytes: estimatedBytes(plan, cards: keys, events: count),
            stateBytes: statistics.bytes, residentBytes: grown)
    }

    /// The sum of all entities' estimates.
    private func estimatedBytes(_ plan: ScoringPlan, cards: Int, events: Int) -> Double {
        plan.features.entities.indices.reduce(0) { sum, index in
            let entity = plan.features.entities[index]
            let key = plan.schema.fields[entity.keyField.rawValue].name
            let (keys, differentValues) = FeatureBenchEvents.keys(ofField: key, cards: cards)
            // A whole horizon's, or all there were.
            let horizonDays = Double(entity.horizonMicroseconds) / 86_400_000_000
            let eventsPerKey = Double(events) / Double(keys) * min(1, horizonDays / options.days)
            let load = KeyLoad(
                keys: keys, eventsPerKey: Int(eventsPerKey.rounded()), keyBytes: FeatureBenchEvents.nameBytes,
                differentValues: min(1, Double(differentValues) / max(1, eventsPerKey)))
            let memory = plan.features.memoryEstimate(entity: index, load: load, limits: plan.featureLimits)
            return sum + memory.bytesPerKey * Double(keys)
        }
    }
}
