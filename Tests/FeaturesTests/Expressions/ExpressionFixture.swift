import Diagnostics
import Events
import Testing

@testable import Features

/// SplitMix64: a seed gives the same numbers everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// One event of the tests: what each name stands for, `nil` where it is missing.
struct ExpressionRow {
    /// A decimal of scale 2, in hundredths.
    var amountUnits: Int64? = 1_250
    var n: Int64? = 3
    var ratio: Double? = 0.5
    var flag: Bool? = true
    var label: Bool? = false
    var channel: String? = "web"
    var country: String? = "NL"
    var opened: Int64? = 0
    var eventTime: Int64 = 1_538_351_997_000_000
    var f0: Double? = 2
    var f1: Double? = -1.5
    var b0: Double? = 1
    var score = 0.25
}

/// Rows as the engine would hold them, and a scope in which they have names.
final class ExpressionFixture {
    static let schema = EventSchema(
        fields: [
            FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2), isOptional: true),
            FieldPlan(name: "n", path: ["n"], type: .int, isOptional: true),
            FieldPlan(name: "ratio", path: ["ratio"], type: .float, isOptional: true),
            FieldPlan(name: "flag", path: ["flag"], type: .bool, isOptional: true),
            FieldPlan(name: "label", path: ["label"], type: .bool, isOptional: true, isLabel: true),
            FieldPlan(name: "channel", path: ["channel"], type: .string, isOptional: true),
            FieldPlan(name: "country", path: ["country"], type: .string, isOptional: true),
            FieldPlan(name: "opened", path: ["opened"], type: .time(.epochMicroseconds), isOptional: true),
        ], time: .record)

    static let scope: ExpressionScope = {
        var scope = ExpressionScope()
        scope.bindFields(of: schema)
        scope.bindFields(of: schema, source: 1, prefix: "labels")
        scope.bind("event_time", to: .eventTime())
        scope.bind("f0", to: .feature(slot: 0))
        scope.bind("f1", to: .feature(slot: 1, isLabel: true))
        scope.bind("b0", to: .feature(slot: 2, type: .bool))
        scope.bind("score", to: .score)
        scope.withhold("later", because: "it is defined further down")
        return scope
    }()

    static let language = ExpressionLanguage(aggregates: AggregateCatalogue.standard.specs.map(\.signature))

    static let featureCount = 3

    let batch: EventBatch
    private let features: UnsafeMutablePointer<Double>
    private let scores: UnsafeMutablePointer<Double>

    init(_ rows: [ExpressionRow]) {
        batch = EventBatch(schema: Self.schema, capacity: max(1, rows.count))
        batch.count = rows.count
        features = .allocate(capacity: max(1, rows.count) * Self.featureCount)
        scores = .allocate(capacity: max(1, rows.count))
        for (index, row) in rows.enumerated() {
            batch.eventTimes[index] = row.eventTime
            set(0, index, row.amountUnits)
            set(1, index, row.n)
            set(2, index, row.ratio.map { Int64(bitPattern: $0.bitPattern) })
            set(3, index, row.flag.map { $0 ? 1 : 0 })
            set(4, index, row.label.map { $0 ? 1 : 0 })
            set(5, index, row.channel.map(store))
            set(6, index, row.country.map(store))
            set(7, index, row.opened)
            for (slot, value) in [row.f0, row.f1, row.b0].enumerated() {
                features[index * Self.featureCount + slot] = value ?? .nan
            }
            scores[index] = row.score
        }
    }

    deinit {
        features.deallocate()
        scores.deallocate()
    }

    private func store(_ text: String) -> Int64 {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { batch.appendString($0, length: bytes.count) } ?? 0
        }
    }

    /// Missing rows keep a word of no meaning: nothing may look at it.
    private func set(_ field: Int, _ row: Int, _ word: Int64?) {
        batch.words[field][row] = word ?? -0x0123_4567_89AB_CDEF
        batch.presence[field][row] = word == nil ? (row % 2 == 0 ? Presence.null : Presence.absent) : Presence.present
    }

    var inputs: ExpressionInputs {
        var inputs = ExpressionInputs(batch: batch)
        inputs.features = UnsafePointer(features)
        inputs.featureRowStride = Self.featureCount
        inputs.featureSlotStride = 1
        inputs.scores = UnsafePointer(scores)
        return inputs
    }

    func evaluate(_ program: CompiledExpression, rows: Range<Int>? = nil, outputStride: Int = 1) -> [Double] {
        let rows = rows ?? 0..<batch.count
        let unwritten = -12_345.678
        var output = [Double](repeating: unwritten, count: max(1, rows.count * outputStride))
        let scratch = ExpressionScratch(registerCount: program.registerCount)
        output.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            program.evaluate(inputs, rows: rows, scratch: scratch, into: start, outputStride: outputStride)
        }
        for index in output.indices where index % outputStride != 0 { #expect(output[index] == unwritten) }
        return rows.indices.map { output[($0 - rows.lowerBound) * outputStride] }
    }

    // MARK: One text at a time

    static let start = SourcePosition(line: 7, column: 11)
    static let anyNumber = ExpressionPurpose("a test", accepts: [.number])
    static let anything = ExpressionPurpose("a test", accepts: Set(ExpressionType.allCases))

    static func compile(
        _ text: String, for purpose: ExpressionPurpose = anyNumber, language: ExpressionLanguage = language
    ) -> (program: CompiledExpression?, diagnostics: [Diagnostic]) {
        var diagnostics: [Diagnostic] = []
        guard let parsed = language.parse(text, at: start, diagnostics: &diagnostics) else { return (nil, diagnostics) }
        let program = language.compile(parsed, for: purpose, in: scope, diagnostics: &diagnostics)
        return (program, diagnostics)
    }

    /// The value for one row; `nil` is missing.
    static func value(_ text: String, _ row: ExpressionRow = ExpressionRow()) throws -> Double? {
        let (program, diagnostics) = compile(text)
        let compiled = try #require(program, "\(text): \(diagnostics)")
        let value = ExpressionFixture([row]).evaluate(compiled)[0]
        return value.isNaN ? nil : value
    }
}
