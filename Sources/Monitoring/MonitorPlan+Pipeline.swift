public import Configuration
import Events
import Features
import Foundation

extension MonitorPlan {
    /// What a pipeline's `monitor` section asks for.
    ///
    /// - Parameter referencePath: a reference to use instead of the section's.
    /// - Throws: `MonitorFailure`, where there is no such section, or its reference cannot be used.
    public init(_ plan: PipelinePlan, referencePath: String? = nil) throws(MonitorFailure) {
        guard let spec = plan.spec.monitor else {
            throw MonitorFailure("the pipeline has no \"monitor\" section: add one, with a topic and a reference")
        }
        let path = referencePath ?? spec.referencePath
        let reference = try Self.readReference(path)
        if reference.pipeline != plan.spec.name.value {
            throw MonitorFailure(
                "\(path): it is the reference of pipeline \"\(reference.pipeline)\", not of \"\(plan.spec.name.value)\""
            )
        }
        do {
            try self.init(
                pipeline: plan.spec.name.value, watch: Watch(plan, spec), reference: reference,
                settings: MonitorSettings(spec), labels: LabelPlan(plan, spec),
                deadLetters: DeadLetterColumns(plan.spec))
        } catch {
            throw MonitorFailure("\(path): \(error)")
        }
        if !spec.watch.isAll, let missing = unwatched.first(where: { spec.watch.names.contains($0) }) {
            throw MonitorFailure(
                "\(path): it holds no series \"\(missing)\", which is to be watched: make it anew with `riffle baseline`"
            )
        }
    }

    private static func readReference(_ path: String) throws(MonitorFailure) -> ReferenceFile {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw MonitorFailure("\(path): it cannot be read: make a reference with `riffle baseline`")
        }
        do {
            return try ReferenceFile(reading: data)
        } catch {
            throw MonitorFailure("\(path): \(error)")
        }
    }
}

extension MonitorPlan {
    /// The same without limits, which are no part of the budget.
    public func withoutLimits() -> MonitorPlan {
        var plan = self
        plan.settings.limits = LimitSettings()
        return plan
    }
}

extension MonitorSpec {
    /// Keys that ask for the times of records or of day, which scores from files do not have.
    public var keysOfTopics: [String] {
        [("freshness", freshnessMicroseconds), ("lag", lagMicroseconds)].filter { $0.1 != nil }.map(\.0)
    }
}

extension MonitorSpec.Watch {
    /// Series that were asked for by name.
    fileprivate var names: Set<String> { Set(features + fields + (includesScore ? ["score"] : [])) }
}

extension MonitorPlan.Watch {
    init(_ plan: PipelinePlan, _ spec: MonitorSpec) {
        func field(_ name: String) -> ScoreRecordSchema.Field? {
            plan.schema.fields.first { $0.name == name }.map { .init(name: name, type: $0.type) }
        }
        score = spec.watch.includesScore
        decisions = spec.watch.includesDecisions ? plan.rules.map(\.decision) : []
        features = spec.watch.features
        fields = spec.watch.fields.compactMap(field)
        quality = spec.watch.includesQuality
        segments = spec.segments.compactMap { field($0.value) }
        segmentValuesMax = spec.segmentValuesMax
    }
}

extension LimitSettings {
    init(_ spec: MonitorSpec) {
        self.init()
        func rate(_ rate: EventRate?) -> Rate? { rate.map { Rate(events: $0.events, microseconds: $0.microseconds) } }
        rateBelow = rate(spec.rate.below)
        rateAbove = rate(spec.rate.above)
        lagMicroseconds = spec.lagMicroseconds
        freshnessMicroseconds = spec.freshnessMicroseconds
    }
}

extension ScoreRecordSchema.Field {
    /// The field that names an event in the rows of `riffle replay`; `nil`: events have no id.
    public init?(idOf plan: PipelinePlan) {
        guard let field = plan.sources[0].id else { return nil }
        let id = plan.schema.fields[field.rawValue]
        self.init(name: id.name, type: id.type)
    }
}

extension LabelPlan {
    /// `nil`: the section has no `labels`.
    public init?(_ plan: PipelinePlan, _ spec: MonitorSpec) {
        guard let labels = spec.labels else { return nil }
        let decisions = Array(plan.rules.map(\.decision).prefix(LabelJoinPlan.decisionsMax))
        let card = labels.card.flatMap { name in plan.schema.fields.first { $0.name == name } }
        self.init(
            join: LabelJoinPlan(
                // Without rules no event is called anything.
                decisions: decisions.isEmpty ? [SeriesName.otherValue] : decisions,
                bucket: spec.bucketMicroseconds, within: labels.withinMicroseconds, window: labels.windowMicroseconds,
                pendingMax: labels.pendingMax),
            columns: LabelColumns(plan.spec.sources[labels.source], labels),
            card: card.map { .init(name: $0.name, type: $0.type) })
    }
}

extension DeadLetterColumns {
    /// Of events that should have been scored.
    public init(_ pipeline: PipelineSpec) { self.init(origin: pipeline.sources[0].topic.value) }
}

extension LabelColumns {
    public init(_ source: SourceSpec, _ labels: MonitorSpec.Labels) {
        self.init(
            schema: source.schema, available: source.available, id: labels.join.index, positive: labels.positive.index)
    }
}

extension MonitorSettings {
    init(_ spec: MonitorSpec) {
        self.init()
        runLength = spec.eventsPerFalseAlarm
        bucketMicroseconds = spec.bucketMicroseconds
        lateMicroseconds = spec.lateMicroseconds
        windowMicroseconds = spec.windowMicroseconds
        resolveAfterEvents = spec.resolveAfterEvents
        cooldownMicroseconds = spec.cooldownMicroseconds
        tolerance = spec.tolerance
        limits = LimitSettings(spec)
        runbookURL = spec.runbookURL
    }
}
