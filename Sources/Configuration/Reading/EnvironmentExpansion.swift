import Diagnostics

/// Expands `${NAME}` and `${NAME:-default}` in one scalar, and nothing else in it.
struct EnvironmentExpansion {
    let environment: [String: String]

    /// What a scalar became.
    struct Expanded {
        var text: String
        var isFromEnvironment: Bool
        var places: TextPlaces
    }

    /// The expanded scalar, or `nil` where a variable is unset or misspelt: each such was reported.
    func expand(_ scalar: YAMLScalar, at range: SourceRange, into problems: DiagnosticGathering) -> Expanded? {
        guard scalar.text.contains("${") else {
            return Expanded(text: scalar.text, isFromEnvironment: false, places: scalar.places)
        }
        let whole = Located(scalar.text, at: range, written: scalar.text, places: scalar.places)
        let scalars = Array(scalar.text.unicodeScalars)
        var text = String.UnicodeScalarView()
        var places: [SourcePosition] = []
        var isFromEnvironment = false
        var isWhole = true
        var index = 0
        func append(_ added: some Sequence<Unicode.Scalar>, at offset: Int) {
            for scalar in added {
                text.append(scalar)
                places.append(whole.range(ofScalarsAt: offset, length: 1).start)
            }
        }
        while index < scalars.count {
            guard scalars[index] == "$", index + 1 < scalars.count, scalars[index + 1] == "{" else {
                append([scalars[index]], at: index)
                index += 1
                continue
            }
            guard let end = scalars[index...].firstIndex(of: "}") else {
                report(
                    "\"${\" without \"}\"", at: whole.range(ofScalarsAt: index, length: scalars.count - index), problems
                )
                return nil
            }
            let inside = String(String.UnicodeScalarView(scalars[(index + 2)..<end]))
            let place = whole.range(ofScalarsAt: index, length: end - index + 1)
            switch value(of: inside, at: place, into: problems) {
            case .environment(let value):
                isFromEnvironment = true
                append(value.unicodeScalars, at: index)
            case .fallback(let value): append(value.unicodeScalars, at: index)
            case nil: isWhole = false
            }
            index = end + 1
        }
        places.append(whole.range(ofScalarsAt: scalars.count, length: 1).start)
        guard isWhole else { return nil }
        return Expanded(text: String(text), isFromEnvironment: isFromEnvironment, places: .each(places))
    }

    private enum Value {
        case environment(String)
        case fallback(String)
    }

    private func value(of inside: String, at range: SourceRange, into problems: DiagnosticGathering) -> Value? {
        let parts = inside.firstRange(of: ":-")
        let name = parts.map { String(inside[..<$0.lowerBound]) } ?? inside
        let fallback = parts.map { String(inside[$0.upperBound...]) }
        guard Self.isName(name) else {
            report("this is not a variable's name", at: range, problems)
            return nil
        }
        if let fallback, fallback.contains("${") {
            report("a default cannot hold another variable", at: range, problems)
            return nil
        }
        // As in a shell, `:-` also stands in for a variable that is set to nothing.
        if let value = environment[name], !(value.isEmpty && fallback != nil) { return .environment(value) }
        if let fallback { return .fallback(fallback) }
        problems.error(
            "unset-variable", "environment variable \(name.quoted) is not set", at: range,
            suggestion: "set it, or give a default: ${\(name):-value}")
        return nil
    }

    private func report(_ message: String, at range: SourceRange, _ problems: DiagnosticGathering) {
        problems.error("invalid-variable", message, at: range, suggestion: "write ${NAME} or ${NAME:-default}")
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}

extension String {
    /// The first place where `part` stands.
    func firstRange(of part: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(part), let end = index(start, offsetBy: part.count, limitedBy: endIndex) {
                return start..<end
            }
            start = index(after: start)
        }
        return nil
    }
}
