public import Events
public import Features
public import Workers

/// Events that are made as columns while they are measured, so that tens of millions of them need no memory.
public protocol ColumnEvents {
    /// Appends the next `rows` events, for which there is room; a row sets all columns of the schema.
    mutating func append(_ rows: Int, to batch: EventBatch)
}

/// What features of so many events took.
public struct MeasuredFeatures: Hashable, Sendable {
    public var events = 0
    /// Nanoseconds for key hashes, values and windows.
    public var windows: Int64 = 0
    /// Nanoseconds for the features that are expressions.
    public var expressions: Int64 = 0
    /// Over the bits of all features of all events in order.
    public var hash: UInt64 = 0

    public var nanosecondsPerEvent: Double { Double(windows + expressions) / Double(max(1, events)) }

    public init() {}
}

/// Runs events through the feature engine alone, as `run` does it, from columns that are there already.
///
/// ```
///  append (not measured) ─▶ prepare ─▶ partition ─▶ windows ─▶ expressions ─▶ hash (not measured)
/// ```
public final class FeatureMeasurement {
    private let pipeline: ScoringPipeline
    private let context: BatchContext

    /// - Parameter plan: without a model and without rules, so that only features are computed.
    public init(plan: ScoringPlan, pool: WorkerPool, batchRowsMax: Int, clock: any EngineClock = MonotonicClock()) {
        precondition(batchRowsMax > 0, "batches of \(batchRowsMax) rows")
        precondition(plan.models.isEmpty && plan.rules.isEmpty, "a plan that scores")
        pipeline = ScoringPipeline(plan: plan, pool: pool, clock: clock)
        context = pipeline.makeContext(capacity: batchRowsMax)
    }

    public var statistics: FeatureStateStatistics { pipeline.features.statistics }

    /// Forgets all keys; buffers stay.
    public func removeAll() { pipeline.removeState() }

    /// Takes the next `count` events behind those before. Complexity: O(count).
    ///
    /// - Parameter isHashed: whether their features are read, too, which puts them into the cache once more.
    public func take(_ count: Int, of events: inout some ColumnEvents, isHashed: Bool = true) -> MeasuredFeatures {
        var measured = MeasuredFeatures()
        var hash = ScoreHash()
        let before = pipeline.times
        while measured.events < count {
            context.removeAll()
            events.append(min(context.batch.capacity, count - measured.events), to: context.batch)
            let rows = context.batch.count
            precondition(rows > 0, "no events were appended")
            for row in 0..<rows {
                context.frame.dispositions[row] = context.batch.sources[row] == 0 ? .score : .absorbed
            }
            pipeline.process(context)
            if isHashed { hash.add(UnsafeRawBufferPointer(context.frame.values(ofRows: rows))) }
            measured.events += rows
        }
        measured.windows = pipeline.times.features - before.features
        measured.expressions = pipeline.times.score - before.score
        measured.hash = hash.value
        return measured
    }
}

extension FeatureFrame {
    /// The features of the first rows.
    fileprivate func values(ofRows rows: Int) -> UnsafeBufferPointer<Double> {
        UnsafeBufferPointer(start: features, count: rows * featureCount)
    }
}
