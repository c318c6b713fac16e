import Diagnostics
import Events
import Features
import Testing
import Workers

@testable import Engine

/// Batches of payments, and labels between them, through the feature engine as the stream takes them.
///
/// Keys and values come round in the same order and times advance by as much in each batch, so that windows let go of as
/// much as they take in; one event in 31 is older than the ones before it, and values and keys are missing here and there.
final class FeatureRoad {
    enum Shape: CaseIterable {
        /// Every aggregate over windows that end, delayed or not, with the event itself or without it, filtered or not.
        case ending
        /// Every aggregate since the beginning.
        case everything
        /// Every aggregate in tiles: with the event itself or without it, delayed, and beside an exact window.
        case tiles
        /// Windows that another source feeds and payments only ask.
        case labels
    }

    let pool = WorkerPool(workerCount: 2)
    private let pipeline: ScoringPipeline
    private let context: BatchContext
    private let hasLabels: Bool
    private let names: [[UInt8]]
    /// Features that were numbers.
    private(set) var finite = 0

    private static let keys = 61
    private static let start: Int64 = 1_709_251_200_000_000
    private static let second: Int64 = 1_000_000
    private static let hour: Int64 = 3_600 * second
    static let batchRows = 512

    var statistics: FeatureStateStatistics { pipeline.features.statistics }
    var featureCount: Int { pipeline.plan.features.featureCount }

    init(_ shape: Shape) throws {
        let plan = try Self.plan(shape)
        hasLabels = shape == .labels
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: 0)
        context = pipeline.makeContext(capacity: Self.batchRows)
        names = (0..<Self.keys).map { Array("a-customer-of-some-length-\($0)".utf8) }
    }

    deinit { pool.shutDown() }

    /// Makes the columns of one batch.
    func fill(_ number: Int) {
        context.removeAll()
        let batch = context.batch
        for row in 0..<Self.batchRows {
            append(number * Self.batchRows + row, to: batch)
            context.frame.dispositions[row] = batch.sources[row] == 0 ? .score : .absorbed
        }
    }

    /// From the columns to features.
    func process() { pipeline.process(context) }

    /// Looks at what came out.
    func check() {
        let batch = context.batch
        for row in 0..<Self.batchRows where batch.sources[row] == 0 {
            for feature in 0..<featureCount
            where context.frame.features[row * featureCount + feature].isFinite { finite += 1 }
        }
    }

    private func append(_ number: Int, to batch: EventBatch) {
        let row = batch.count
        batch.count = row + 1
        let key = number % Self.keys
        let isLabel = hasLabels && number % 3 == 0
        let now = Self.start + Int64(number) * 2 * Self.second
        let behind = number % 31 == 7 ? 97 * Self.second : 0
        // A label is about a payment of half an hour ago.
        let time = isLabel ? now - Self.hour / 2 : now - behind
        batch.eventTimes[row] = time
        batch.orderTimes[row] = isLabel ? now : time
        batch.recordTimes[row] = now
        batch.offsets[row] = Int64(number)
        batch.lanes[row] = 0
        batch.sources[row] = isLabel ? 1 : 0
        batch.faults[row] = .none
        let name = names[key].withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { batch.appendString($0, length: bytes.count) } ?? 0
        }
        let ratio = Double(number % 89) / 7
        let offset = isLabel ? FeatureField.count : 0
        for field in batch.presence.indices { batch.presence[field][row] = Presence.absent }
        func set(_ field: Int, _ word: Int64) {
            batch.words[offset + field][row] = word
            batch.presence[offset + field][row] = Presence.present
        }
        set(FeatureField.customer, name)
        set(FeatureField.terminal, Int64(number % 59))
        set(FeatureField.amount, Int64(number % 97))
        set(FeatureField.quantity, Int64(number % 7))
        set(FeatureField.ratio, Int64(bitPattern: ratio.bitPattern))
        set(FeatureField.shop, name)
        set(FeatureField.flag, number % 4 == 0 ? 1 : 0)
        if number % 13 == 5 { batch.presence[offset + FeatureField.ratio][row] = Presence.absent }
        if number % 17 == 3 { batch.presence[offset + FeatureField.customer][row] = Presence.absent }
    }

    // MARK: - The plan

    private static let fields = [
        FieldPlan(name: "customer", path: ["customer"], type: .string, isOptional: true),
        FieldPlan(name: "terminal", path: ["terminal"], type: .int),
        FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
        FieldPlan(name: "quantity", path: ["quantity"], type: .int),
        FieldPlan(name: "ratio", path: ["ratio"], type: .float, isOptional: true),
        FieldPlan(name: "shop", path: ["shop"], type: .string),
        FieldPlan(name: "flag", path: ["flag"], type: .bool),
    ]

    private static func plan(_ shape: Shape) throws -> ScoringPlan {
        let late = LatePolicy(afterMicroseconds: 600 * second, action: .score)
        let schema = EventSchema(fields: fields, time: .record)
        var sources = [
            SourcePlan(
                name: "payments", topic: "payments", schema: schema, columns: 0..<FeatureField.count,
                available: .record, late: late, key: nil, id: nil)
        ]
        if shape == .labels {
            sources.append(
                SourcePlan(
                    name: "labels", topic: "labels", schema: schema,
                    columns: FeatureField.count..<2 * FeatureField.count, available: .field(FieldIndex(0)), late: late,
                    key: nil, id: nil))
        }
        var builder = try FeatureRoadPlan(SourcePlan.union(of: sources), prefix: shape == .labels ? "labels." : "")
        let source = sources.count - 1
        for key in [FeatureField.customer, FeatureField.terminal] {
            builder.addEntity(
                source: source, key: source * FeatureField.count + key, askedBy: key,
                windows: windows(shape), lateMicroseconds: 600 * second)
        }
        return ScoringPlan(
            pipeline: "features", sources: sources, decodeLimits: DecodeLimits(), idField: nil, features: builder.plan,
            featureLimits: FeatureLimits(), model: nil, rules: [], outputFeatures: [], isOrderIrrelevant: false,
            planHash: "0123456789abcdef")
    }

    private static func windows(_ shape: Shape) -> [WindowPlan] {
        let ending = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: hour),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: hour / 4, includesCurrent: false),
            WindowPlan(delayMicroseconds: hour, lengthMicroseconds: hour),
        ]
        let since = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded, includesCurrent: false),
            WindowPlan(delayMicroseconds: hour, lengthMicroseconds: WindowPlan.unbounded),
        ]
        switch shape {
        case .ending: return ending
        case .everything: return since
        case .tiles:
            let tiled = ending.map { window in
                WindowPlan(
                    delayMicroseconds: window.delayMicroseconds, lengthMicroseconds: window.lengthMicroseconds,
                    includesCurrent: window.includesCurrent, tileMicroseconds: window.lengthMicroseconds / 20)
            }
            return tiled + [ending[1]]
        case .labels: return [ending[0], ending[2], since[0]]
        }
    }
}

/// The columns of a payment, and of a label behind them.
enum FeatureField {
    static let customer = 0
    static let terminal = 1
    static let amount = 2
    static let quantity = 3
    static let ratio = 4
    static let shop = 5
    static let flag = 6
    static let count = 7
}

/// Entities that ask for all aggregates of all columns they take.
private struct FeatureRoadPlan {
    private let columns: [ValueColumnPlan]
    private var entities: [EntityPlan] = []
    private var featureCount = 0

    /// - Parameter prefix: of the names of the fields that enter windows.
    init(_ schema: EventSchema, prefix: String) throws {
        var scope = ExpressionScope()
        scope.bindFields(of: schema)
        let offset = prefix.isEmpty ? 0 : FeatureField.count
        let flag = try Self.compile(prefix + "flag", in: scope)
        let large = try Self.compile("\(prefix)quantity > 2", in: scope)
        let ratio = try Self.compile("\(prefix)ratio * 2", in: scope)
        func field(_ field: Int) -> FieldIndex { FieldIndex(offset + field) }
        columns = [
            .integers(field: field(FeatureField.amount), scale: 2, mayBeMissing: false),
            .doubles(ratio),
            ValueColumnPlan(.hashes(field: field(FeatureField.shop), mayBeMissing: true)),
            ValueColumnPlan(.ones, filter: flag),
            ValueColumnPlan(
                .integers(field: field(FeatureField.amount), scale: 2, mayBeMissing: false), filter: large),
            ValueColumnPlan(.doubles(ratio), filter: flag),
        ]
    }

    mutating func addEntity(source: Int, key: Int, askedBy: Int, windows: [WindowPlan], lateMicroseconds: Int64) {
        var aggregates: [AggregatePlan] = []
        func ask(_ function: AggregateFunction, _ window: Int, _ column: Int?, _ parameter: Double? = nil) {
            aggregates.append(
                AggregatePlan(
                    function: function, window: window, valueColumn: column, parameter: parameter, defaultValue: nil,
                    feature: FeatureIndex(featureCount)))
            featureCount += 1
        }
        for (window, plan) in windows.enumerated() {
            for column in [nil, 3] {
                ask(.count, window, column)
                ask(.timeSinceLast, window, column)
                if !plan.isUnbounded { ask(.rate, window, column, 6e7) }
            }
            ask(.distinct, window, 2)
            for column in [0, 1, 4, 5] {
                let functions: [AggregateFunction] = [
                    .sum, .mean, .min, .max, .stddev, .first, .last, .previous, .distinct,
                ]
                for function in functions { ask(function, window, column) }
                ask(.quantile, window, column, 0.95)
                if plan.isUnbounded { ask(.ewma, window, column, 6e8) }
            }
        }
        entities.append(
            EntityPlan(
                source: source, keyField: FieldIndex(key), queryKeyField: FieldIndex(askedBy), windows: windows,
                valueColumns: columns, aggregates: aggregates, lateMicroseconds: lateMicroseconds))
    }

    var plan: FeaturePlan {
        FeaturePlan(names: (0..<featureCount).map { "feature\($0)" }, entities: entities, expressions: [])
    }

    private static func compile(_ text: String, in scope: ExpressionScope) throws -> CompiledExpression {
        let language = ExpressionLanguage()
        var problems: [Diagnostic] = []
        let parsed = language.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &problems)
        let compiled = parsed.flatMap { language.compile($0, for: .feature, in: scope, diagnostics: &problems) }
        return try #require(compiled, "\(text): \(problems)")
    }
}
