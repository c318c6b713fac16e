public import Diagnostics
public import Events
import Features

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
    /// The field of the scored source.
    public let byField: FieldIndex
    /// `all` is a span that is unbounded.
    public let over: [Located<TimeSpan>]
    /// `nil`: windows end at the event.
    public let delay: Located<TimeSpan>?
    /// Whether an event is in its own windows.
    public let includesCurrent: Bool
    /// Which events are in the windows; `nil`: all are.
    public let filter: Located<String>?
    public let accuracy: AccuracySpec
    /// Where the accuracy is written; `nil` where it is not.
    public let accuracyRange: SourceRange?
    public let aggregates: [AggregateSpec]
}

/// `accuracy:`.
public enum AccuracySpec: Hashable, Sendable {
    /// Every event of the longest window is kept.
    case exact
    /// Bounded memory: windows may be longer than they say by this part of their length, in hundredths of a percent.
    /// Windows since the beginning remember no events anyhow, and are what they would be without it.
    case tiled(hundredthsOfPercent: Int64)

    static let example = "tiled(1%)"
    /// In hundredths of a percent.
    static let tileRange: ClosedRange<Int64> = 10...1_000

    /// `exact`, `tiled(1%)`, `tiled(0.5%)`; `nil` where it is neither, or outside of 0.1 % to 10 %.
    init?(_ text: String) {
        if text == "exact" {
            self = .exact
            return
        }
        guard text.hasPrefix("tiled("), text.hasSuffix("%)"),
            let literal = NumberLiteral(String(text.dropFirst(6).dropLast(2))),
            let units = try? literal.units(scale: 2), Self.tileRange.contains(units)
        else { return nil }
        self = .tiled(hundredthsOfPercent: units)
    }

    /// How wide the tiles of a window are; 0 where it has none.
    func tileMicroseconds(ofLength length: Int64) -> Int64 {
        guard case .tiled(let part) = self, length != WindowPlan.unbounded else { return 0 }
        return WindowPlan.tileMicroseconds(ofLength: length, hundredthsOfPercent: part)
    }
}

/// One aggregate of a group: `customer_mean: mean(tx_amount)`.
public struct AggregateSpec: Sendable {
    public let name: Located<String>
    public let call: Located<String>
    /// Which events it takes of those that the group's filter leaves; `nil`: all of them.
    public let filter: Located<String>?
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
