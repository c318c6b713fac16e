public import Diagnostics
public import Events

/// One entry of `features:`.
public enum FeatureSpec: Sendable {
    case expression(ExpressionFeatureSpec)
    case group(WindowGroupSpec)
}

/// `name: expression`.
public struct ExpressionFeatureSpec: Sendable {
    public let name: Located<String>
    public let expression: Located<String>
}

/// Windows over one entity: every aggregate over every length.
public struct WindowGroupSpec: Sendable {
    /// The entity, a field of type string or int.
    public let by: Located<String>
    public let byField: FieldIndex
    public let over: [Located<TimeSpan>]
    /// `nil`: windows end at the event.
    public let delay: Located<TimeSpan>?
    public let aggregates: [AggregateSpec]
}

/// One aggregate of a group: `customer_mean: mean(tx_amount)`.
public struct AggregateSpec: Sendable {
    public let name: Located<String>
    public let call: Located<String>
}

/// One name that `features:` gives, in the model's order.
public struct FeatureNameSpec: Sendable {
    public let name: String
    /// Where it comes from: the entry's name, or the aggregate's.
    public let range: SourceRange
    /// The entry in `PipelineSpec.features`.
    public let featureIndex: Int
    /// In a group, the aggregate and the window; else `nil`.
    public let aggregateIndex: Int?
    public let windowIndex: Int?
    /// What diagnostics may quote: without values of the environment.
    let written: String
}
