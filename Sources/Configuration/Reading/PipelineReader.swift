import Diagnostics
import Events

/// Turns the read keys of a whole file into a `PipelineSpec`, and checks what refers to what.
struct PipelineReader {
    let problems: DiagnosticGathering
    let root: SectionValue
    /// The pipeline file's path: the model and the state directory are relative to it.
    let path: String
    var faulty = FaultyNames()
    /// The most sources of a pipeline.
    static let sourcesMax = 16

    init(_ root: SectionValue, path: String, _ problems: DiagnosticGathering) {
        self.root = root
        self.path = path
        self.problems = problems
    }

    mutating func read(environmentValues: [String: String]) -> PipelineSpec {
        let name = root.text("pipeline") ?? absent(root)
        let sources = readSources()
        let features = readFeatures(of: sources.first)
        let names = expandedNames(of: features)
        let models = readModels(names: names, fields: sources.first?.schema.fields.map(\.name) ?? [])
        let output = readOutput(names: names, of: sources.first)
        checkTopics()
        checkClosingsTopic()
        return PipelineSpec(
            name: name, kafka: readKafka(pipeline: name.value), sources: sources, features: features,
            models: models, hasNamedModels: root.keyRanges["models"] != nil, score: root.text("score"),
            decide: readRules(), output: output,
            deadLetter: DeadLetterSpec(topic: section("dead_letter").text("topic") ?? absent(root)),
            monitor: readMonitor(output, names: names, sources: sources),
            merge: MergeSpec(waitMicroseconds: section("merge").microsecondsOrStandard("wait")),
            orderTopic: root.section("order")?.text("topic")?.value,
            workers: root.integer("workers").map { .count(Int($0.value)) } ?? .auto, limits: readLimits(sources),
            state: readState(),
            featureNames: names, faultyNames: faulty, environmentValues: environmentValues)
    }

    /// A section of the file, empty where it was not written or could not be read.
    func section(_ key: String) -> SectionValue {
        if let written = root.section(key) { return written }
        guard case .section(let spec)? = root.spec[key]?.kind else { preconditionFailure("\(key) is no section") }
        return SectionValue(spec: spec, title: key.quoted, range: root.range)
    }

    /// Stands where a required text could not be read: that was reported, so that nothing runs with it.
    func absent(_ section: SectionValue) -> Located<String> { Located("", at: section.range, written: "") }

    /// A path relative to the pipeline file as one relative to the working directory.
    func resolved(_ file: String) -> String {
        guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return file }
        return path[...slash] + file
    }

    // MARK: - Sources

    private mutating func readSources() -> [SourceSpec] {
        guard let entries = root.map("sources") else {
            faulty.areUnbounded = true
            return []
        }
        var sources: [SourceSpec] = []
        for (index, entry) in entries.enumerated() {
            guard index < Self.sourcesMax else {
                problems.error(
                    "too-many-sources", "these are more than \(Self.sourcesMax) sources", at: entry.name.range,
                    suggestion: "divide the pipeline")
                faulty.areUnbounded = true
                break
            }
            guard case .section(let section)? = entry.value else {
                if index == 0 { faulty.areUnbounded = true }
                faulty.sources.insert(entry.name.value)
                continue
            }
            var names = FaultyNames()
            let source = SourceReader.read(
                section, named: entry.name, isScored: index == 0, faulty: &names, into: problems)
            faulty.add(names, of: index == 0 ? nil : entry.name.value)
            sources.append(source)
        }
        // Nothing is gained by holding features against another source than the one they were written for.
        return entries.first?.value == nil ? [] : sources
    }

    // MARK: - Topics

    /// A topic that is read and written at once would feed the pipeline its own output.
    private func checkTopics() {
        var first: [String: Located<String>] = [:]
        let sources = (root.map("sources") ?? []).compactMap { entry -> Located<String>? in
            if case .section(let source) = entry.value { source.text("topic") } else { nil }
        }
        let others = ["output", "dead_letter", "monitor", "order"].compactMap { root.section($0)?.text("topic") }
        let results = root.section("monitor")?.section("labels")?.text("topic")
        for topic in sources + others + [closingsTopic(), results].compactMap({ $0 }) {
            if let earlier = first[topic.value] {
                problems.error(
                    "duplicate-topic", "topic \(topic.written.quoted) is used twice", at: topic.range,
                    suggestion: "give each its own topic", notes: [.init("first used here", at: earlier.range)])
            } else {
                first[topic.value] = topic
            }
        }
    }

    // MARK: - Rules, output, limits

    private func readRules() -> [RuleSpec] {
        (root.list("decide") ?? []).compactMap { item in
            guard case .named(let name, let condition?) = item else { return nil }
            return RuleSpec(name: name, condition: condition)
        }
    }

    /// Every name is a feature, and given once.
    func checkNames(_ written: [Located<String>], names: [FeatureNameSpec]) {
        let known = Set(names.map(\.name))
        var first: [String: SourceRange] = [:]
        for name in written {
            if let earlier = first[name.value] {
                problems.error(
                    "duplicate-name", "feature \(name.written.quoted) is named twice", at: name.range,
                    suggestion: "keep one of them", notes: [.init("first named here", at: earlier)])
                continue
            }
            first[name.value] = name.range
            // Looking for what was meant costs: not for what is not shown.
            guard !problems.isFull else { return }
            guard !known.contains(name.value), !faulty.mayHold(name.value) else { continue }
            let choices = names.map(\.written)
            problems.error(
                "unknown-feature", "feature \(name.written.quoted) is not defined", at: name.range,
                suggestion: name.isFromEnvironment ? nil : Suggestion.text(for: name.value, among: choices))
        }
    }

    private func readState() -> StateSpec {
        let state = section("state")
        var every = SnapshotInterval.standard
        if let written = state.text("snapshot_every") {
            if let interval = SnapshotInterval(written.value) {
                every = interval
            } else {
                problems.error(
                    "invalid-interval", "\(written.written.quoted) does not say how often", at: written.range,
                    suggestion: "write a duration, a number of events, or both: \(SnapshotInterval.example)")
            }
        }
        return StateSpec(
            directory: state.text("directory").map { resolved($0.value) }, snapshotEvery: every,
            keep: Int(state.integerOrStandard("keep")),
            incomplete: state.text("incomplete").flatMap { .init(rawValue: $0.value) } ?? .refuse)
    }

    private func readLimits(_ sources: [SourceSpec]) -> LimitsSpec {
        let limits = section("limits")
        let result = LimitsSpec(
            batchEventsMax: Int(limits.integerOrStandard("batch_events")),
            inFlightBatchesMax: Int(limits.integerOrStandard("in_flight_batches")),
            keysPerEntityMax: Int(limits.integerOrStandard("keys_per_entity")),
            keysPerEntityRange: limits.integer("keys_per_entity")?.range,
            eventBytesMax: Int(limits.integerOrStandard("event_bytes")),
            stringBytesMax: Int(limits.integerOrStandard("string_bytes")),
            eventDepthMax: Int(limits.integerOrStandard("event_depth")))
        checkRoom(result, limits, sources)
        return result
    }

    /// A batch keeps its strings in one store with 32-bit places.
    private func checkRoom(_ result: LimitsSpec, _ limits: SectionValue, _ sources: [SourceSpec]) {
        let strings = sources.map { $0.schema.fields.count { $0.type == .string } }.max() ?? 0
        let eventBytes = min(result.eventBytesMax, strings * result.stringBytesMax)
        let bytes = Int64(result.batchEventsMax * eventBytes)
        let room = Int64(UInt32.max)
        let written = ["string_bytes", "event_bytes", "batch_events"].compactMap { limits.keyRanges[$0] }
        guard bytes > room, let range = written.first else { return }
        let shown = UnitLiteral.text(bytes / 1_048_576 * 1_048_576, in: UnitLiteral.sizes)
        problems.error(
            "limits-conflict", "the strings of one batch could take \(shown), and 4 GiB is the most", at: range,
            suggestion: "lower \("batch_events".quoted), \("string_bytes".quoted) or \("event_bytes".quoted)")
    }
}
