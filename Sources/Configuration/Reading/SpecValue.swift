import Diagnostics

/// What was read behind a key.
indirect enum SpecValue {
    case text(Located<String>)
    case integer(Located<Int64>)
    case boolean(Located<Bool>)
    case span(Located<TimeSpan>)
    case section(SectionValue)
    /// An item is `nil` where it was reported.
    case list([SpecValue?])
    case map([MapEntry])
    case event(EventValue)
    /// `name: expression`; the expression is `nil` where it was reported.
    case named(Located<String>, Located<String>?)
}

/// One entry of a map; the value is `nil` where it was reported.
struct MapEntry {
    var name: Located<String>
    var value: SpecValue?
}

/// The keys of a section that could be read.
struct SectionValue {
    let spec: SectionSpec
    /// What diagnostics call this one: `source "transactions"`.
    let title: String
    /// The place to blame for what is missing.
    let range: SourceRange
    var values: [String: SpecValue] = [:]
    /// Where each legal key was written, whether or not its value could be read.
    var keyRanges: [String: SourceRange] = [:]

    /// Whether the key was written and its value was reported.
    func isFaulty(_ key: String) -> Bool { keyRanges[key] != nil && values[key] == nil }

    func text(_ key: String) -> Located<String>? {
        if case .text(let text) = values[key] { text } else { nil }
    }

    func integer(_ key: String) -> Located<Int64>? {
        if case .integer(let integer) = values[key] { integer } else { nil }
    }

    func boolean(_ key: String) -> Located<Bool>? {
        if case .boolean(let boolean) = values[key] { boolean } else { nil }
    }

    func span(_ key: String) -> Located<TimeSpan>? {
        if case .span(let span) = values[key] { span } else { nil }
    }

    func section(_ key: String) -> SectionValue? {
        if case .section(let section) = values[key] { section } else { nil }
    }

    func list(_ key: String) -> [SpecValue?]? {
        if case .list(let list) = values[key] { list } else { nil }
    }

    /// The items of a list of single values that could be read.
    func texts(_ key: String) -> [Located<String>]? {
        list(key)?.compactMap { if case .text(let text) = $0 { text } else { nil } }
    }

    func map(_ key: String) -> [MapEntry]? {
        if case .map(let map) = values[key] { map } else { nil }
    }

    /// What holds for a key: what was written, else the syntax's standard.
    func integerOrStandard(_ key: String) -> Int64 {
        if let written = integer(key) { return written.value }
        guard let standard = spec[key]?.standard else { preconditionFailure("\(spec.name).\(key) has no standard") }
        if let number = try? NumberLiteral.integer(standard) { return number }
        guard let size = try? UnitLiteral.value(standard, in: UnitLiteral.sizes) else {
            preconditionFailure("the standard of \(spec.name).\(key), \(standard), is no number")
        }
        return size
    }

    /// What holds for a duration in microseconds: what was written, else the syntax's standard.
    func microsecondsOrStandard(_ key: String) -> Int64 {
        if let written = span(key) { return written.value.microseconds }
        guard let standard = spec[key]?.standard,
            let value = try? UnitLiteral.value(standard, in: UnitLiteral.durations)
        else { preconditionFailure("\(spec.name).\(key) has no standard duration") }
        return value
    }
}
