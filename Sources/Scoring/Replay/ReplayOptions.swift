public import Engine
public import Events
import Features

/// What a command line says of a replay beside its pipeline.
public struct ReplayOptions: Sendable {
    /// What stands for standard input and output.
    public static let standardStream = "-"

    /// `FILE`, or `SOURCE=FILE` with the name of a source: one at least for each source.
    public var inputs: [String]
    /// `nil`: no rows are written; there is a comparison then.
    public var output: String?
    /// `nil`: by the name's suffix, else by the first character.
    public var inputFormat: RecordFormat?
    /// `nil`: by the name's suffix; standard output is NDJSON.
    public var outputFormat: RecordFormat?
    /// A field of type bool or int: measure the scores against it.
    public var metricsLabel: String?
    /// A field of type string or int that names the card of an event.
    public var metricsKey: String?
    public var rows = ReplayRows()
    /// A file of score records to compare with.
    public var comparedFile: String?
    public var workers: Int
    public var settings = ReplaySettings()
    /// Asked before each read of a file, on any thread: once it is false the file is at its end. `nil`: all is wanted.
    public var isWanted: (@Sendable () -> Bool)?

    public init(input: String, output: String?, workers: Int = 1) {
        self.init(inputs: [input], output: output, workers: workers)
    }

    public init(inputs: [String], output: String?, workers: Int = 1) {
        self.inputs = inputs
        self.output = output
        self.workers = workers
    }
}

/// Which rows of a replay are wanted; the others fill windows all the same.
public struct ReplayRows: Hashable, Sendable {
    /// The first event time that is in.
    public var from: EventTime?
    /// The first event time that is not.
    public var before: EventTime?
    /// The share of the keys that are in, from 0 to 1: of the field that the scored source's topic is partitioned by.
    public var keyShare: Double?
    /// Only events whose label is known.
    public var isLabelledOnly = false

    public init() {}

    /// - Parameter labelInputs: the files of a source, to be read for the ids of labelled events before anything else.
    /// - Throws: a usage failure, where the pipeline has no such key or label.
    func selection(
        _ plan: ScoringPlan, labelInputs: (_ source: Int) throws(ReplayFailure) -> [ReplayInput]
    ) throws(ReplayFailure) -> RowSelection? {
        var selection = RowSelection(from: from, before: before)
        if let from, let before, from >= before { throw ReplayFailure(.usage, "--from is not before --to") }
        if let keyShare {
            guard let key = plan.sources[0].key else {
                throw ReplayFailure(.usage, "--keys: the source \"\(plan.sources[0].name)\" has no \"key\"")
            }
            selection.keys = KeySample(key, of: plan.schema, share: keyShare)
        }
        if isLabelledOnly { try chooseLabelled(&selection, plan, labelInputs) }
        return selection.isAll ? nil : selection
    }

    private func chooseLabelled(
        _ selection: inout RowSelection, _ plan: ScoringPlan,
        _ labelInputs: (Int) throws(ReplayFailure) -> [ReplayInput]
    ) throws(ReplayFailure) {
        if let label = plan.sources[0].schema.fields.firstIndex(where: \.isLabel) {
            selection.present = FieldIndex(label)
            return
        }
        guard let id = plan.idField,
            let source = plan.sources.indices.dropFirst().first(where: {
                plan.sources[$0].field(likeID: plan.schema.fields[id.rawValue]) != nil
            }), let field = plan.sources[source].field(likeID: plan.schema.fields[id.rawValue])
        else {
            throw ReplayFailure(
                .usage,
                "--labelled-only: no field of \"\(plan.sources[0].name)\" has \"label: true\", and no other source "
                    + "has its id"
            )
        }
        var ids = EventIDs()
        for input in try labelInputs(source) {
            do {
                try ids.read(field, of: input, plan: plan)
            } catch {
                throw error as? ReplayFailure ?? ReplayFailure(.environment, "\(input.name): \(error)")
            }
        }
        selection.ids = (id, ids)
    }
}

extension SourcePlan {
    /// The column of the field that has an id's name and type, by which events of this source belong to those of
    /// another.
    func field(likeID id: FieldPlan) -> FieldIndex? {
        guard let own = schema.index(named: id.name), schema.fields[own.rawValue].type == id.type else { return nil }
        return column(of: own)
    }
}

extension RecordFormat {
    /// The format that a file's name tells, and whether it is compressed: `events.csv.gz`.
    static func named(_ path: String) -> (format: RecordFormat?, isCompressed: Bool) {
        var name = path.lowercased()[...]
        let isCompressed = name.hasSuffix(".gz")
        if isCompressed { name = name.dropLast(3) }
        if name.hasSuffix(".csv") { return (.csv, isCompressed) }
        if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { return (.ndjson, isCompressed) }
        return (nil, isCompressed)
    }
}
