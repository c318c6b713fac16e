import Features

/// The rebuilding of state after an assignment: how, and how far it has come.
struct Restoration {
    var source: RestoreSource
    /// The recorded order, as far as it is not followed yet.
    var follower: OrderFollower?
    /// What of it is being done.
    var step: OrderFollower.Step?
    /// Offsets that have to be read, all lanes together.
    var offsets: Int64 = 0
    var startedAt: Int64 = 0
    var lastNotice: Int64 = 0
    /// Lanes that begin where their log does though the windows may need more; with the record time of their first
    /// record once it is known.
    var truncatedLanes: [Int: Int64] = [:]
    /// The watermark behind everything committed, as far as it is known.
    var committedWatermark = Int64.min
    /// The watermark behind every batch so far.
    var watermark = Int64.min
    /// What the snapshot's windows lacked when it was written.
    var inherited: IncompleteState?
    /// Rows that shards know already, because they were copied later than the snapshot began.
    var hasGuards = false
}

/// Which features a log that begins late leaves incomplete.
struct ReachBack {
    let plan: FeaturePlan
    /// See `ScoringPlan.aheadMicroseconds`.
    let aheadMicroseconds: Int64?
    /// Models that learn: they depend on all events since the beginning.
    let models: [String]

    init(plan: FeaturePlan, aheadMicroseconds: Int64?, models: [String] = []) {
        self.plan = plan
        self.aheadMicroseconds = aheadMicroseconds
        self.models = models
    }

    init(_ plan: ScoringPlan) {
        self.init(
            plan: plan.features, aheadMicroseconds: plan.aheadMicroseconds, models: plan.models.online.map(\.name))
    }

    /// The record time before which nothing can matter at a watermark; `nil`: everything may.
    ///
    /// An event is at most `ahead` later than its record's timestamp, so whatever a window can still hold was appended
    /// with a timestamp after this one. That is so for every source: how much later than its time an event became
    /// available only puts its record behind its time.
    func recordTime(watermark: Int64) -> Int64? {
        guard let aheadMicroseconds, watermark > Int64.min, plan.unboundedFeatures.isEmpty, models.isEmpty
        else { return nil }
        let (horizon, overflow) = plan.horizonMicroseconds.addingReportingOverflow(aheadMicroseconds)
        if overflow { return nil }
        let (time, underflow) = watermark.subtractingReportingOverflow(horizon)
        return underflow ? nil : max(0, time)
    }

    /// What is missing if the logs of some sources hold everything from a record time on, and nothing before.
    ///
    /// - Parameter logFrom: by source, where its logs lack something.
    func incomplete(logFrom: [Int: Int64], watermark: Int64) -> IncompleteState? {
        var features: [IncompleteState.Feature] = []
        for entity in plan.entities {
            guard let start = logFrom[entity.source] else { continue }
            // Without a bound on how far ahead an event may be, its record's time says the same with the least slack.
            let from = start.addingReportingOverflow(aheadMicroseconds ?? 0).partialValue
            for aggregate in entity.aggregates {
                let window = entity.windows[aggregate.window]
                var wholeFrom = Int64.max
                if !aggregate.isUnbounded(in: entity) {
                    let reach = window.reachMicroseconds + entity.lateMicroseconds
                    wholeFrom = from.addingReportingOverflow(reach).partialValue
                }
                if wholeFrom > watermark {
                    features.append(
                        IncompleteState.Feature(name: plan.names[aggregate.feature.rawValue], wholeFrom: wholeFrom))
                }
            }
        }
        if logFrom[0] != nil {
            features += models.map { IncompleteState.Feature(name: "model \($0)", wholeFrom: .max) }
        }
        if features.isEmpty { return nil }
        return IncompleteState(features: features, logFrom: logFrom.values.max() ?? .min)
    }
}

/// A committed offset that the log does not hold: events were lost, or the topic is another one.
public struct OffsetOutOfRange: Error, Hashable, Sendable, CustomStringConvertible {
    public let lane: AssignedLane

    public var description: String {
        let committed = lane.committed ?? -1
        let reason =
            committed < lane.low
            ? "retention has removed events that were not scored" : "the topic was truncated or made anew"
        return
            "the group's offset \(committed) of topic \"\(lane.topic)\" partition \(lane.partition) is not in the log, which "
            + "holds \(lane.low) to \(lane.high): \(reason); nothing is skipped by itself: reset the group's offsets, or use a "
            + "new group with \"kafka.start\""
    }
}
