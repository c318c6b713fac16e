import Diagnostics

/// Reads `name=value` lines; see `PropertyFile`.
///
/// Blanks around names and values do not count, lines that begin with `#` or `!` are comments, and there are neither
/// quotes, escapes, continued lines nor variables: a password is written as it is.
struct PropertyFileReader {
    static let mask = "********"

    private let problems: DiagnosticGathering
    private(set) var properties: [PropertySpec] = []
    /// The lines as they may be shown.
    private(set) var masked: [String] = []
    private var first: [String: SourceRange] = [:]

    init(_ problems: DiagnosticGathering) { self.problems = problems }

    mutating func read(_ bytes: [UInt8]) {
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        for line in rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            masked.append("")
            guard let valid = String(validating: text, as: UTF8.self) else {
                refuse("invalid-utf8", "this line is not valid UTF-8", suggestion: "save the file as UTF-8")
                continue
            }
            read(line: Array(valid.unicodeScalars))
        }
    }

    private mutating func read(line: [Unicode.Scalar]) {
        let indent = line.prefix(while: Self.isBlank).count
        guard indent < line.count else { return }
        if line[indent] == "#" || line[indent] == "!" {
            // A comment is where an old password is kept.
            masked[masked.count - 1] = "#"
            return
        }
        guard let equals = line.firstIndex(of: "=") else {
            refuse(
                "invalid-property-line", "this line is not \"name=value\"",
                suggestion: "write name=value; a comment begins with \"#\"")
            return
        }
        let nameScalars = line[indent..<equals].reversed().drop(while: Self.isBlank).reversed()
        guard !nameScalars.isEmpty, nameScalars.allSatisfy(Self.isAllowed) else {
            // It may be half of a secret that holds a "=": it is not shown.
            refuse(
                "invalid-property-line", "what stands before \"=\" is not a property's name",
                suggestion: "use lower-case letters, digits, \".\", \"_\" and \"-\"")
            return
        }
        let name = Self.text(nameScalars)
        let range = SourceRange(
            start: SourcePosition(line: masked.count, column: indent + 1), length: nameScalars.count)
        let shown = Self.shown(name)
        masked[masked.count - 1] =
            String(repeating: " ", count: indent)
            + (shown ?? String(repeating: "*", count: nameScalars.count)) + "=" + Self.mask
        let value = line[(equals + 1)...].drop(while: Self.isBlank).reversed().drop(while: Self.isBlank).reversed()
        check(name, shown: shown, value: Self.text(value), at: range)
    }

    private mutating func check(_ name: String, shown: String?, value: String, at range: SourceRange) {
        let what = shown.map { "property \($0.quoted)" } ?? "this property"
        guard !value.isEmpty else {
            problems.error(
                "missing-value", "\(what) has no value", at: range, suggestion: "write one, or remove the line")
            return
        }
        guard !value.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }) else {
            problems.error(
                "invalid-character", "a control character is not allowed in the value of \(what)", at: range,
                suggestion: "remove it")
            return
        }
        if let earlier = first[name] {
            problems.error(
                "duplicate-key", "\(what) is given more than once", at: range, suggestion: "keep one of them",
                notes: [.init("first given here", at: earlier)])
            return
        }
        first[name] = range
        properties.append(
            PropertySpec(
                name: Located(name, at: range, written: shown ?? Self.mask, isFromEnvironment: shown == nil),
                value: Located(value, at: range, written: Self.mask, isFromEnvironment: true)))
    }

    private mutating func refuse(_ code: String, _ message: String, suggestion: String) {
        masked[masked.count - 1] = Self.mask
        let range = SourceRange(
            start: SourcePosition(line: masked.count, column: 1), length: Self.mask.unicodeScalars.count)
        problems.error(code, message, at: range, suggestion: suggestion)
    }

    /// A name as it may be quoted; `nil` where it might be the first half of a secret: properties of security have a
    /// dot in their names.
    private static func shown(_ name: String) -> String? { name.contains(".") ? name : nil }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "0"..."9", ".", "_", "-": true
        default: false
        }
    }
}
