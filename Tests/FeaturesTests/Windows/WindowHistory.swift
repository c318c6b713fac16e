import Diagnostics
import Events

@testable import Features

/// SplitMix64: a seed gives the same history everywhere.
struct HistoryRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// One event of a history; `nil` is a missing value.
struct HistoryEvent {
    var time: Int64
    /// The key of entities over `HistoryField.customer`.
    var customer: [UInt8]? = [99]
    /// The key of entities over `HistoryField.device`.
    var device: Int64? = 1
    var amount: Int64 = 0
    var quantity: Int64?
    var flag = false
    var ratio: Double?
    /// The source that the event is of; those of 0 are scored.
    var source: UInt8 = 0
    /// The device that a scored event asks for, where its key is another than that under which events enter.
    var asked: Int64?
    var disposition = RowDisposition.score
}

enum HistoryField {
    static let customer = FieldIndex(0)
    static let device = FieldIndex(1)
    static let amount = FieldIndex(2)
    static let quantity = FieldIndex(3)
    static let flag = FieldIndex(4)
    static let ratio = FieldIndex(5)
    static let asked = FieldIndex(6)

    static let schema = EventSchema(
        fields: [
            FieldPlan(name: "customer", path: ["customer"], type: .string, isOptional: true),
            FieldPlan(name: "device", path: ["device"], type: .int, isOptional: true),
            FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
            FieldPlan(name: "quantity", path: ["quantity"], type: .int, isOptional: true),
            FieldPlan(name: "flag", path: ["flag"], type: .bool),
            FieldPlan(name: "ratio", path: ["ratio"], type: .float, isOptional: true),
            FieldPlan(name: "asked", path: ["asked"], type: .int, isOptional: true),
        ], time: .record)
}

extension EventBatch {
    /// Appends a row as a decoder would have left it; a row with a fault has no fields.
    func append(_ event: HistoryEvent) {
        let row = count
        count += 1
        sources[row] = 0
        if event.disposition == .fault {
            faults[row] = Fault(.invalidJSON)
            eventTimes[row] = Int64.min
            for field in schema.fields.indices {
                presence[field][row] = Presence.present
                words[field][row] = Int64.max
            }
            return
        }
        faults[row] = .none
        sources[row] = event.source
        eventTimes[row] = event.time
        set(HistoryField.device, row, event.device)
        set(HistoryField.amount, row, event.amount)
        set(HistoryField.quantity, row, event.quantity)
        set(HistoryField.flag, row, event.flag ? 1 : 0)
        set(HistoryField.asked, row, event.asked)
        set(HistoryField.ratio, row, event.ratio.map { Int64(bitPattern: $0.bitPattern) })
        var place: Int64?
        if let customer = event.customer {
            // One byte more, so that even an empty text has an address.
            (customer + [0]).withUnsafeBufferPointer { bytes in
                if let start = bytes.baseAddress { place = appendString(start, length: customer.count) }
            }
        }
        set(HistoryField.customer, row, place)
    }

    private func set(_ field: FieldIndex, _ row: Int, _ word: Int64?) {
        presence[field.rawValue][row] = word == nil ? Presence.absent : Presence.present
        // What stands where there is no value must not matter.
        words[field.rawValue][row] = word ?? Int64(bitPattern: 0xDEAD_BEEF_DEAD_BEEF)
    }
}

func compiled(_ text: String) -> CompiledExpression {
    var scope = ExpressionScope()
    scope.bindFields(of: HistoryField.schema)
    var diagnostics: [Diagnostic] = []
    let language = ExpressionLanguage()
    let position = SourcePosition(line: 1, column: 1)
    guard let parsed = language.parse(text, at: position, diagnostics: &diagnostics),
        let program = language.compile(parsed, for: .feature, in: scope, diagnostics: &diagnostics)
    else { preconditionFailure("\(text): \(diagnostics)") }
    return program
}

/// What a test computes over a history.
struct HistoryPlan {
    var entities: [EntityPlan] = []
    var featureCount = 0

    /// A window as (delay, length).
    typealias Window = (delay: Int64, length: Int64)

    /// Adds an entity with `count`, and `sum` and `mean` of each column, over each of the windows.
    mutating func add(
        key: FieldIndex, windows: [Window], columns: [ValueColumnPlan] = [], late: Int64 = 0, meanDefault: Double? = nil
    ) {
        var aggregates: [AggregatePlan] = []
        func aggregate(_ function: AggregateFunction, _ window: Int, _ column: Int?, _ value: Double?) {
            aggregates.append(
                AggregatePlan(
                    function: function, window: window, valueColumn: column, defaultValue: value,
                    feature: FeatureIndex(featureCount)))
            featureCount += 1
        }
        for window in windows.indices {
            aggregate(.count, window, nil, nil)
            for column in columns.indices {
                aggregate(.sum, window, column, nil)
                aggregate(.mean, window, column, meanDefault)
            }
        }
        entities.append(
            EntityPlan(
                keyField: key,
                windows: windows.map { WindowPlan(delayMicroseconds: $0.delay, lengthMicroseconds: $0.length) },
                valueColumns: columns, aggregates: aggregates, lateMicroseconds: late))
    }

    /// What is asked of a window.
    struct Asked {
        let function: AggregateFunction
        var column: Int?
        var parameter: Double?
        var defaultValue: Double?

        init(_ function: AggregateFunction, _ column: Int? = nil, _ parameter: Double? = nil, or value: Double? = nil) {
            self.function = function
            self.column = column
            self.parameter = parameter
            defaultValue = value
        }
    }

    /// Adds an entity with aggregates over each of the windows that allow them.
    mutating func add(
        source: Int = 0, key: FieldIndex, askedBy queryKey: FieldIndex? = nil, windows: [WindowPlan],
        columns: [ValueColumnPlan], asking: [Asked], late: Int64
    ) {
        var aggregates: [AggregatePlan] = []
        for window in windows.indices {
            for asked in asking {
                if asked.function == .ewma, !windows[window].isUnbounded { continue }
                if asked.function == .rate, windows[window].isUnbounded { continue }
                aggregates.append(
                    AggregatePlan(
                        function: asked.function, window: window, valueColumn: asked.column,
                        parameter: asked.parameter, defaultValue: asked.defaultValue,
                        feature: FeatureIndex(featureCount)))
                featureCount += 1
            }
        }
        entities.append(
            EntityPlan(
                source: source, keyField: key, queryKeyField: queryKey, windows: windows, valueColumns: columns,
                aggregates: aggregates, lateMicroseconds: late))
    }

    var plan: FeaturePlan {
        FeaturePlan(names: (0..<featureCount).map { "feature\($0)" }, entities: entities, expressions: [])
    }

    static let allColumns: [ValueColumnPlan] = [
        .integers(field: HistoryField.amount, scale: 2, mayBeMissing: false),
        .integers(field: HistoryField.quantity, scale: 0, mayBeMissing: true),
        .integers(field: HistoryField.flag, scale: 0, mayBeMissing: false),
        .doubles(compiled("ratio")),
    ]
}

/// Runs histories through the engine, a batch after the other on one thread.
struct HistoryRun {
    let engine: FeatureEngine

    init(_ plan: HistoryPlan, limits: FeatureLimits = FeatureLimits()) {
        engine = FeatureEngine(plan: plan.plan, limits: limits)
    }

    /// The features of each event; rows that are not scored or muted have none.
    func features(_ events: [HistoryEvent], batchSize: Int = 64) -> [[Double]] {
        var features: [[Double]] = []
        let frame = engine.makeFrame(capacity: batchSize)
        let scratch = engine.makeScratch()
        let batch = EventBatch(schema: HistoryField.schema, capacity: batchSize)
        for start in stride(from: 0, to: events.count, by: batchSize) {
            fill(batch, frame, events[start..<min(start + batchSize, events.count)])
            engine.prepare(batch, frame, rows: 0..<batch.count, scratch: scratch)
            engine.partition(batch, frame)
            for task in 0..<engine.shardTaskCount { engine.runShard(task, batch, frame) }
            engine.finish(batch, frame, rows: 0..<batch.count, scratch: scratch)
            features += Self.rows(batch, frame)
        }
        return features
    }

    func fill(_ batch: EventBatch, _ frame: FeatureFrame, _ events: ArraySlice<HistoryEvent>) {
        batch.removeAll()
        for (row, event) in events.enumerated() {
            batch.append(event)
            frame.dispositions[row] = event.disposition
        }
    }

    static func rows(_ batch: EventBatch, _ frame: FeatureFrame) -> [[Double]] {
        (0..<batch.count).map { row in
            guard frame.dispositions[row].entersState, batch.sources[row] == 0 else { return [] }
            let start = frame.features + row * frame.featureCount
            return Array(UnsafeBufferPointer(start: start, count: frame.featureCount))
        }
    }
}

extension Array where Element == [Double] {
    /// For comparisons in which NaN equals NaN and -0 differs from 0.
    var bits: [[UInt64]] { map { row in row.map(\.bitPattern) } }
}
