import Diagnostics

extension SpecReader {
    /// Reads a single value; `nil` where it was reported.
    func scalar(_ node: YAMLNode, _ kind: ValueKind, at place: Place) -> SpecValue? {
        guard case .scalar(let scalar) = node.content else {
            wrongKind(node, expected: "a single value", at: place, suggestion: nil)
            return nil
        }
        guard let expanded = expansion.expand(scalar, at: node.range, into: problems) else { return nil }
        let text = Located(
            expanded.text, at: node.range, written: scalar.text, isFromEnvironment: expanded.isFromEnvironment,
            places: expanded.places)
        guard !text.value.isEmpty else {
            let message = text.written.isEmpty ? place.name.quoted : text.written.quoted
            problems.error("missing-value", "\(message) is empty", at: node.range, suggestion: "write a value")
            return nil
        }
        return read(text, kind, at: place)
    }

    private func read(_ text: Located<String>, _ kind: ValueKind, at place: Place) -> SpecValue? {
        switch kind {
        case .text, .expression, .aggregate, .number: return plain(text)
        case .name(let rule): return check(text, rule) ? .text(text) : nil
        case .accuracy:
            guard AccuracySpec(text.value) == nil else { return .text(text) }
            unknownValue(
                text, at: place, suggestion: "write exact, or \(AccuracySpec.example) with a part of 0.1% to 10%")
            return nil
        case .boolean: return boolean(text, at: place)
        case .choice(let choices): return choice(text, choices, at: place)
        case .integer(let range): return integer(text, range, at: place)
        case .size(let range):
            return unit(text, UnitLiteral.sizes, code: "invalid-size", noun: "size", range, at: place)
                .map { bytes in .integer(text.map { _ in bytes }) }
        case .duration(let range):
            return unit(text, UnitLiteral.durations, code: "invalid-duration", noun: "duration", range, at: place)
                .map { microseconds in .span(text.map { TimeSpan(microseconds: microseconds, text: $0) }) }
        case .choiceOr(let choices, let other):
            if choices.contains(text.value) { return .text(text) }
            if let nearest = Suggestion.nearest(to: text.value, among: choices), !text.isFromEnvironment,
                !text.value.utf8.contains(where: { $0 < 0x3A })
            {
                unknownValue(text, at: place, suggestion: "did you mean \(nearest.quoted)?")
                return nil
            }
            return read(text, other, at: place)
        default: preconditionFailure("\(place.name) is read as a single value")
        }
    }

    private func plain(_ text: Located<String>) -> SpecValue? {
        let isControl = text.value.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" && $0 != "\r" }
        guard isControl else { return .text(text) }
        problems.error(
            "invalid-character", "a control character is not allowed in a value", at: text.range,
            suggestion: "remove it")
        return nil
    }

    // MARK: - Words

    private static let otherSpellings: [String: String] = [
        "integer": "int", "long": "int", "bigint": "int", "int64": "int", "double": "float", "number": "float",
        "real": "float", "boolean": "bool", "str": "string", "text": "string", "varchar": "string",
        "timestamp": "time", "datetime": "time", "date": "time", "numeric": "decimal", "money": "decimal",
        "epoch": "epoch-s", "unix": "epoch-s", "seconds": "epoch-s", "iso": "iso8601", "rfc3339": "iso8601",
        "at-least": "at-least-once", "exactly": "exactly-once", "dlq": "dead-letter", "ignore": "drop",
        "beginning": "earliest", "smallest": "earliest", "end": "latest", "largest": "latest",
    ]

    private func choice(_ text: Located<String>, _ choices: [String], at place: Place) -> SpecValue? {
        if choices.contains(text.value) { return .text(text) }
        var suggestion = Suggestion.text(for: text.value, among: choices)
        if let other = Self.otherSpellings[text.value.lowercased()], choices.contains(other) {
            suggestion = "did you mean \(other.quoted)?"
        }
        // What is near to a secret says something of it.
        if text.isFromEnvironment { suggestion = Suggestion.text(for: "", among: choices) }
        unknownValue(text, at: place, suggestion: suggestion)
        return nil
    }

    private func unknownValue(_ text: Located<String>, at place: Place, suggestion: String?) {
        problems.error(
            "unknown-value", "\(text.written.quoted) is not a value of \(place.name.quoted)", at: text.range,
            suggestion: suggestion)
    }

    private func boolean(_ text: Located<String>, at place: Place) -> SpecValue? {
        switch text.value {
        case "true": return .boolean(text.map { _ in true })
        case "false": return .boolean(text.map { _ in false })
        default:
            let yes: Set<String> = ["yes", "on", "y", "True", "TRUE", "1"]
            let no: Set<String> = ["no", "off", "n", "False", "FALSE", "0"]
            var suggestion = "write true or false"
            if !text.isFromEnvironment {
                if yes.contains(text.value) { suggestion = "write true" }
                if no.contains(text.value) { suggestion = "write false" }
            }
            problems.error(
                "invalid-boolean", "\(text.written.quoted) is neither true nor false", at: text.range,
                suggestion: suggestion)
            return nil
        }
    }

    // MARK: - Numbers

    private func integer(_ text: Located<String>, _ range: ClosedRange<Int64>, at place: Place) -> SpecValue? {
        do throws(NumberLiteral.Failure) {
            let value = try NumberLiteral.integer(text.value)
            guard range.contains(value) else { throw NumberLiteral.Failure.tooLarge }
            return .integer(text.map { _ in value })
        } catch .tooLarge {
            outOfRange(text, at: place, NumberLiteral.text(range.lowerBound), NumberLiteral.text(range.upperBound))
        } catch {
            problems.error(
                "invalid-number", "\(text.written.quoted) is not a whole number", at: text.range,
                suggestion: "write digits, such as \(NumberLiteral.text(min(range.upperBound, 50_000)))")
        }
        return nil
    }

    private func unit(
        _ text: Located<String>, _ system: UnitLiteral.System, code: String, noun: String,
        _ range: ClosedRange<Int64>, at place: Place
    ) -> Int64? {
        let message = "\(text.written.quoted) is not a \(noun)"
        let mended = text.isFromEnvironment ? nil : UnitLiteral.mended(text.value, in: system)
        let meant = mended.map { "did you mean \($0.quoted)?" }
        let units = system.units.map(\.name).joined(separator: ", ")
        do throws(UnitLiteral.Failure) {
            let value = try UnitLiteral.value(text.value, in: system)
            guard range.contains(value) else { throw UnitLiteral.Failure.tooLarge }
            return value
        } catch .tooLarge {
            let bounds = [range.lowerBound, range.upperBound].map { UnitLiteral.text($0, in: system) }
            outOfRange(text, at: place, bounds[0], bounds[1])
        } catch .noUnit {
            problems.error(code, "\(message): it has no unit", at: text.range, suggestion: "add one of \(units)")
        } catch .unknownUnit(let unit) {
            let detail = text.isFromEnvironment ? "" : ": \(unit.quoted) is not a unit"
            problems.error(code, message + detail, at: text.range, suggestion: meant ?? "use one of \(units)")
        } catch {
            problems.error(
                code, message, at: text.range,
                suggestion: meant ?? "write a whole number and a unit, such as \(system.example)")
        }
        return nil
    }

    func outOfRange(_ text: Located<String>, at place: Place, _ least: String, _ greatest: String) {
        problems.error(
            "out-of-range", "\(place.name.quoted) cannot be \(text.written.quoted)", at: text.range,
            suggestion: "allowed: \(least) to \(greatest)")
    }
}
