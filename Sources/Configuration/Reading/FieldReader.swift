import Diagnostics
import Events

/// Reads the keys of one field whose type is known: bounds in the type's own units, path, presence.
struct FieldReader {
    /// The deepest path; deeper events are faults anyway.
    static let pathDepthMax = 16

    let problems: DiagnosticGathering
    let name: Located<String>
    let type: FieldType
    let section: SectionValue?

    var isLabel: Bool { section?.boolean("label")?.value ?? false }

    func plan() -> FieldPlan {
        checkApplicable()
        let bounds = bounds()
        return FieldPlan(
            name: name.value, path: path(), type: type, isOptional: section?.boolean("optional")?.value ?? false,
            isNullable: section?.boolean("nullable")?.value ?? false, integerRange: bounds.integers,
            floatRange: bounds.floats, isLabel: isLabel)
    }

    private func checkApplicable() {
        let applicable: [String: Bool] =
            switch type {
            case .int, .float: ["scale": false, "format": false]
            case .decimal: ["format": false]
            case .time: ["scale": false, "min": false, "max": false]
            case .bool, .string: ["scale": false, "format": false, "min": false, "max": false]
            }
        for key in applicable.keys.sorted() {
            guard let range = section?.keyRanges[key] else { continue }
            problems.error(
                "inapplicable-key", "\(key.quoted) does not apply to a field of type \(type.name)", at: range,
                suggestion: "remove it")
        }
    }

    // MARK: - Bounds

    private func bounds() -> (integers: ClosedRange<Int64>?, floats: ClosedRange<Double>?) {
        let least = section?.text("min")
        let greatest = section?.text("max")
        guard least != nil || greatest != nil else { return (nil, nil) }
        switch type {
        case .int: return (range(least, greatest, scale: 0), nil)
        case .decimal(let scale): return (range(least, greatest, scale: scale), nil)
        case .float:
            let low = least.map { double($0) }
            let high = greatest.map { double($0) }
            if case .some(.none) = low { return (nil, nil) }
            if case .some(.none) = high { return (nil, nil) }
            let lower = (low ?? nil) ?? -.infinity
            let upper = (high ?? nil) ?? .infinity
            guard lower <= upper else { return (nil, emptyRange(least, greatest)) }
            return (nil, lower...upper)
        case .bool, .string, .time: return (nil, nil)
        }
    }

    private func range(_ least: Located<String>?, _ greatest: Located<String>?, scale: Int) -> ClosedRange<Int64>? {
        let low = least.map { units($0, scale: scale) } ?? Int64.min
        let high = greatest.map { units($0, scale: scale) } ?? Int64.max
        guard let low, let high else { return nil }
        guard low <= high else { return emptyRange(least, greatest) }
        return low...high
    }

    private func emptyRange<Bound>(
        _ least: Located<String>?, _ greatest: Located<String>?
    ) -> ClosedRange<Bound>? {
        guard let least, let greatest else { return nil }
        problems.error(
            "empty-range", "\("min".quoted) \(least.written) is greater than \("max".quoted) \(greatest.written)",
            at: least.range, suggestion: "swap them",
            notes: [.init("\("max".quoted) is given here", at: greatest.range)])
        return nil
    }

    private func units(_ text: Located<String>, scale: Int) -> Int64? {
        guard let literal = NumberLiteral(text.value) else {
            notANumber(text, example: scale == 0 ? "1_000" : "0.5")
            return nil
        }
        do {
            return try literal.units(scale: scale)
        } catch .tooPrecise {
            let reason = scale == 0 ? "is not a whole number" : "has more than \(scale) digits behind the point"
            problems.error(
                "too-precise", "\(text.written.quoted) \(reason)", at: text.range,
                suggestion: scale == 0 ? "an int has no fraction" : "the field's scale is \(scale)")
        } catch {
            problems.error(
                "out-of-range", "\(text.written.quoted) is too large for \(type.phrase)", at: text.range,
                suggestion: "values take 64 bits")
        }
        return nil
    }

    private func double(_ text: Located<String>) -> Double? {
        do {
            return try NumberLiteral.double(text.value)
        } catch .tooLarge {
            problems.error("out-of-range", "\(text.written.quoted) is too large for a float", at: text.range)
        } catch {
            notANumber(text, example: "0.5")
        }
        return nil
    }

    private func notANumber(_ text: Located<String>, example: String) {
        problems.error(
            "invalid-number", "\(text.written.quoted) is not a number", at: text.range,
            suggestion: "write digits, such as \(example)")
    }

    // MARK: - Path

    private func path() -> [String] {
        let written: Located<String>?
        var parts: [String]
        if let text = section?.text("path") {
            written = text
            parts = text.value.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        } else if let texts = section?.texts("path") {
            written = texts.first
            parts = texts.map(\.value)
        } else {
            return [name.value]
        }
        guard let written else { return [name.value] }
        if parts.contains("") || parts.count > Self.pathDepthMax {
            problems.error(
                "invalid-path", "\(written.written.quoted) is not a path", at: written.range,
                suggestion: "write 1 to \(Self.pathDepthMax) names with \".\" between them, such as card.number")
            parts = [name.value]
        }
        return parts
    }
}
