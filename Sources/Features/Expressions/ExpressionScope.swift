public import Events

/// The type of an expression's value.
public enum ExpressionType: String, Hashable, Sendable, CaseIterable {
    case number
    /// True or false, kept as 1 or 0; accepted wherever a number is.
    case bool
    /// Only fields and literals are texts: they can be compared and handed to functions, not computed.
    case text
    /// Only fields and `event_time` are times: they can be compared and handed to functions, not computed.
    case time

    /// With its article, for messages.
    var phrase: String {
        switch self {
        case .number: "a number"
        case .bool: "true or false"
        case .text: "a text"
        case .time: "a time"
        }
    }

    init(_ type: FieldType) {
        switch type {
        case .int, .float, .decimal: self = .number
        case .bool: self = .bool
        case .string: self = .text
        case .time: self = .time
        }
    }
}

/// What a name stands for when a program runs.
public struct ExpressionBinding: Hashable, Sendable {
    public enum Place: Hashable, Sendable {
        /// A column of the batch, stored as `EventBatch` says for its type.
        case field(FieldIndex, FieldType)
        case eventTime
        /// A value that was computed before: slot `slot` of `ExpressionInputs.features`.
        case feature(slot: Int)
        case score
        /// What one of several models says, by its place among them.
        case modelScore(Int)
    }

    public let place: Place
    public let type: ExpressionType
    /// The index of the source whose events hold the field; expressions carry it through for the caller to check.
    public let source: Int
    /// It holds a label, or was computed from one.
    public let isLabel: Bool

    private init(_ place: Place, type: ExpressionType, source: Int, isLabel: Bool) {
        self.place = place
        self.type = type
        self.source = source
        self.isLabel = isLabel
    }

    /// - Parameter isLabel: `nil`: what the field says of itself.
    public static func field(
        _ index: FieldIndex, _ plan: FieldPlan, source: Int = 0, isLabel: Bool? = nil
    ) -> ExpressionBinding {
        if case .decimal(let scale) = plan.type {
            precondition((0...18).contains(scale), "a decimal of scale \(scale)")
        }
        return ExpressionBinding(
            .field(index, plan.type), type: ExpressionType(plan.type), source: source,
            isLabel: isLabel ?? plan.isLabel)
    }

    /// The event's own time, in UTC.
    public static func eventTime(source: Int = 0) -> ExpressionBinding {
        ExpressionBinding(.eventTime, type: .time, source: source, isLabel: false)
    }

    /// A feature is a number, or a bool whose values are 0, 1 and missing.
    public static func feature(slot: Int, type: ExpressionType = .number, isLabel: Bool = false) -> ExpressionBinding {
        precondition(slot >= 0 && (type == .number || type == .bool), "feature slot \(slot) of type \(type)")
        return ExpressionBinding(.feature(slot: slot), type: type, source: 0, isLabel: isLabel)
    }

    public static func modelScore(_ model: Int) -> ExpressionBinding {
        precondition(model >= 0, "model \(model)")
        return ExpressionBinding(.modelScore(model), type: .number, source: 0, isLabel: false)
    }

    public static let score = ExpressionBinding(.score, type: .number, source: 0, isLabel: false)
}

/// The names that an expression may read, and what each stands for.
public struct ExpressionScope: Sendable {
    private var bindings: [String: ExpressionBinding] = [:]
    private var withheld: [String: String] = [:]
    /// The names that can be read, in the order in which they were bound.
    public private(set) var names: [String] = []
    private var mentioned: [String] = []

    public init() {}

    /// Makes `name` readable; it may hold one `.` between a source and a field. A later binding replaces an earlier
    /// one.
    public mutating func bind(_ name: String, to binding: ExpressionBinding) {
        if bindings.updateValue(binding, forKey: name) == nil { names.append(name) }
        withheld[name] = nil
    }

    /// Binds all fields of a source; with a `prefix` of `labels` they are `labels.tx_fraud` and so on.
    public mutating func bindFields(of schema: EventSchema, source: Int = 0, prefix: String? = nil) {
        for (index, plan) in schema.fields.enumerated() {
            bind(prefix.map { "\($0).\(plan.name)" } ?? plan.name, to: .field(FieldIndex(index), plan, source: source))
        }
    }

    /// Says why `name`, which the user has reason to expect, cannot be read here: `it is defined further down`.
    public mutating func withhold(_ name: String, because reason: String) {
        if bindings.removeValue(forKey: name) != nil { names.removeAll { $0 == name } }
        withheld[name] = reason
    }

    /// Lets `name` be suggested where another is misspelt, though it cannot be read: its declaration has a problem of its
    /// own, say.
    public mutating func mention(_ name: String) { mentioned.append(name) }

    /// What a misspelt name may have been meant to be.
    var suggestions: [String] { names + mentioned.filter { bindings[$0] == nil } }

    public func resolve(_ name: String) -> ExpressionBinding? { bindings[name] }

    /// Why `name` is withheld, if it is.
    public func reason(withholding name: String) -> String? { withheld[name] }
}
