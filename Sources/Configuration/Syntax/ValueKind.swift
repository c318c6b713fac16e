/// What may stand behind a key: read by the parser, and by the generators of JSON Schema and reference pages.
public indirect enum ValueKind: Sendable {
    /// Any single value.
    case text
    case name(NameRule)
    case boolean
    case choice([String])
    case integer(ClosedRange<Int64>)
    /// A number with or without a fraction, kept as it was written so that nothing is rounded.
    case number
    /// A number with `B`, `KiB`, `MiB` or `GiB`; the range is in bytes.
    case size(ClosedRange<Int64>)
    /// A whole number with `us`, `ms`, `s`, `m`, `h`, `d` or `w`; the range is in microseconds.
    case duration(ClosedRange<Int64>)
    case expression
    /// A call of an aggregate, with `or` and a number behind it or not.
    case aggregate
    /// `exact`, or `tiled(1%)`.
    case accuracy
    /// One of a few words, or something else.
    case choiceOr([String], ValueKind)
    case section(SectionSpec)
    /// A single value as a short form of the section.
    case shortOr(ValueKind, SectionSpec)
    case list(ValueKind)
    /// A single value, or a list.
    case singleOrList(ValueKind, ValueKind)
    /// Names of the user's choice with a value each, in file order.
    case map(NameRule, ValueKind)
    /// `name: expression`, one to an item.
    case namedExpression(NameRule)
    /// A mapping of whatever an event may hold.
    case event
    /// `name: expression`, or a group of windows.
    case feature(SectionSpec)
}

/// One key of a section.
public struct KeySpec: Sendable {
    public let name: String
    public let kind: ValueKind
    /// One sentence for the reference page.
    public let summary: String
    public let isRequired: Bool
    /// A key in whose presence this one is not required.
    public let unless: String?
    /// What holds without the key, as it would be written; `nil` where that is nothing.
    public let standard: String?

    init(
        _ name: String, _ kind: ValueKind, _ summary: String, isRequired: Bool = false, unless: String? = nil,
        standard: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.summary = summary
        self.isRequired = isRequired
        self.unless = unless
        self.standard = standard
    }
}

/// The keys that are legal in one place.
public struct SectionSpec: Sendable {
    /// What diagnostics call the section.
    public let name: String
    public let keys: [KeySpec]
    /// The key whose value the short form gives, where diagnostics should call it that.
    public let shortKey: String?

    init(_ name: String, _ keys: [KeySpec], shortKey: String? = nil) {
        self.name = name
        self.keys = keys
        self.shortKey = shortKey
    }

    subscript(name: String) -> KeySpec? { keys.first { $0.name == name } }
}
