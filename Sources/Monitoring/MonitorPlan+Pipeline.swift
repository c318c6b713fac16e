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
                settings: MonitorSettings(spec), labels: LabelPlan(plan, spec))
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

extension MonitorSpec {
    /// Keys of the section that this version of the monitor does not act upon: it says so, rather than look away.
    public var unusedKeys: [String] {
        var keys: [String] = []
        if freshnessMicroseconds != nil { keys.append("freshness") }
        if lagMicroseconds != nil { keys.append("lag") }
        if rate.below != nil || rate.above != nil { keys.append("rate") }
        return keys
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
        runbookURL = spec.runbookURL
    }
}
