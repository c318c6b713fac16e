import Diagnostics

/// Masks the values of properties that look secret, so that the lines beside a diagnostic do not show them.
///
/// It works on lines and not on nodes, since the file may not be YAML at all: from `sasl.password:` on, the rest of the
/// line and the deeper lines below it are covered.
enum SecretMask {
    private static let secretWords = ["pass", "pwd", "secret", "token", "credential", "jaas", "oauth", ".key", ".pem"]

    static func masked(_ text: String, path: String) -> SourceText {
        let plain = SourceText(path: path, text: text)
        var scalars = plain.scalars
        var secretIndent: Int?
        for number in 1...plain.lineStarts.count {
            let line = plain.line(number)
            let indent = line.prefix { $0 == " " || $0 == "\t" }.count
            if let secret = secretIndent, indent > secret || indent == line.count {
                mask(&scalars, line.indices)
                continue
            }
            secretIndent = nil
            if let value = secretValue(in: line) {
                mask(&scalars, value..<line.endIndex)
                secretIndent = indent
            }
        }
        guard scalars != plain.scalars else { return plain }
        return SourceText(path: path, text: String(String.UnicodeScalarView(scalars)))
    }

    private static func mask(_ scalars: inout [Unicode.Scalar], _ range: Range<Int>) {
        var index = range.lowerBound
        while index < range.upperBound {
            // A variable's name is no secret; its default may be one.
            if let end = variableEnd(scalars[index..<range.upperBound]) {
                index = end
                continue
            }
            if scalars[index] != " ", scalars[index] != "\t" { scalars[index] = "*" }
            index += 1
        }
    }

    /// The end of `${NAME}` or of `${NAME` before its default, where one begins here.
    private static func variableEnd(_ scalars: ArraySlice<Unicode.Scalar>) -> Int? {
        guard scalars.starts(with: ["$", "{"]) else { return nil }
        let rest = scalars.dropFirst(2)
        let name = rest.prefix { $0 == "_" || $0.isASCII && $0.properties.isAlphabetic || $0 >= "0" && $0 <= "9" }
        guard !name.isEmpty, name.endIndex < rest.endIndex else { return nil }
        switch rest[name.endIndex] {
        case "}": return name.endIndex + 1
        case ":": return name.endIndex
        default: return nil
        }
    }

    /// Where the value behind a secret's key begins.
    private static func secretValue(in line: ArraySlice<Unicode.Scalar>) -> Int? {
        var word = ""
        var isComplete = false
        for (index, scalar) in zip(line.indices, line) {
            switch scalar {
            case ":":
                if word.contains("."), secretWords.contains(where: word.contains) { return index + 1 }
                word = ""
            case " ": isComplete = true
            case "{", ",", "[": word = ""
            default:
                if isComplete { word = "" }
                isComplete = false
                word += String(Character(scalar)).lowercased()
            }
        }
        return nil
    }
}
