import Diagnostics
import Yams

/// Reads a YAML text into nodes with places; every problem of syntax becomes a diagnostic.
///
/// Bounds on hostile files: the text is at most `PipelineLimits.fileBytesMax` long; nothing unfolds (see
/// `YAMLPlaceholders`); the parser itself stops at 1,000 levels and this reader at `depthMax`; keys that are lists or
/// mappings, which the parser hashes over and over, stand on one line and nest at most
/// `TextInspection.openBracketsMax` deep.
struct YAMLReader {
    /// The deepest nesting of lists and mappings.
    static let depthMax = 16
    /// The most duplicate keys that are told apart one by one; each costs a parse, so that a long file gets fewer.
    private var duplicatesMax: Int { min(24, max(1, 1_048_576 / max(1, source.scalars.count))) }

    private let source: SourceText
    private let problems: DiagnosticGathering
    /// First characters of duplicate keys that stand replaced by a marker, by place.
    private var marked: [Int: Unicode.Scalar] = [:]

    private init(_ source: SourceText, _ problems: DiagnosticGathering) {
        self.source = source
        self.problems = problems
    }

    /// The root node, or `nil` where the text is not one YAML document.
    static func read(_ source: SourceText, into problems: DiagnosticGathering) -> YAMLNode? {
        guard TextInspection.check(source, into: problems) else { return nil }
        var reader = YAMLReader(source, problems)
        return reader.read()
    }

    private mutating func read() -> YAMLNode? {
        var scalars = YAMLPlaceholders.swapped(source.scalars)
        while true {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            do {
                // The parser owns what the nodes refer to weakly: it lives until they are converted.
                let parser = try Parser(
                    yaml: String(text), resolver: .basic, constructor: Constructor([:]), encoding: .utf8)
                return try withExtendedLifetime(parser) { try root(of: parser) }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let position = SourcePosition(line: context.mark.line, column: context.mark.column)
                guard mark(duplicateAt: position, in: &scalars) else {
                    report(duplicate: keys.first ?? "", at: position)
                    return nil
                }
            } catch let error as YamlError {
                problems.add(YAMLSyntaxError(source: source).diagnostic(for: error))
                return nil
            } catch {
                problems.error("yaml-syntax", "the file is not YAML", at: SourceRange(start: .init(line: 1, column: 1)))
                return nil
            }
        }
    }

    private func root(of parser: Parser) throws -> YAMLNode? {
        guard let node = try parser.singleRoot() else {
            problems.error(
                "empty-file", "the file holds no pipeline", at: SourceRange(start: .init(line: 1, column: 1)),
                suggestion: "begin with \"pipeline: NAME\"")
            return nil
        }
        return convert(node, depth: 0)
    }

    // MARK: - Duplicate keys

    /// Makes one of several equal keys unlike the others, so that the rest of the file can be read; `convert` sees the
    /// key as it was written and reports it. `false` where that cannot be done.
    private mutating func mark(duplicateAt position: SourcePosition, in scalars: inout [Unicode.Scalar]) -> Bool {
        guard var offset = source.offset(of: position), offset < scalars.count else { return false }
        let isQuoted = scalars[offset] == "\"" || scalars[offset] == "'"
        if isQuoted { offset += 1 }
        let refused: Set<Unicode.Scalar> = ["\"", "'", "[", "{", "|", ">", ":", "\n", ","]
        guard marked.count < duplicatesMax, offset < scalars.count, marked[offset] == nil,
            !refused.contains(scalars[offset]), let marker = YAMLPlaceholders.marker(marked.count)
        else { return false }
        marked[offset] = source.scalars[offset]
        scalars[offset] = marker
        return true
    }

    private func report(duplicate key: String, at position: SourcePosition) {
        let text = YAMLPlaceholders.restored(key)
        problems.error(
            "duplicate-key", "key \(text.quoted) is given more than once in one mapping",
            at: SourceRange(start: position, length: text.unicodeScalars.count), suggestion: "keep one of them")
    }

    // MARK: - Conversion

    private func convert(_ node: Node, depth: Int) -> YAMLNode {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        let refused = YAMLNode(content: .refused, range: SourceRange(start: position))
        guard depth <= Self.depthMax else {
            TextInspection.reportNesting(at: position, into: problems)
            return refused
        }
        switch node {
        case .scalar(let scalar): return convert(scalar, at: position)
        case .sequence(let sequence):
            let items = sequence.map { convert($0, depth: depth + 1) }
            return YAMLNode(content: .sequence(items), range: refused.range)
        case .mapping(let mapping):
            return YAMLNode(content: .mapping(entries(of: mapping, depth: depth)), range: refused.range)
        case .alias: return refused
        }
    }

    private func entries(of mapping: Node.Mapping, depth: Int) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var first: [String: SourceRange] = [:]
        for (keyNode, valueNode) in mapping {
            let key = convert(keyNode, depth: depth + 1)
            guard case .scalar(let scalar) = key.content else {
                if case .refused = key.content { continue }
                problems.error(
                    "yaml-complex-key", "a key must be a single value, not \(key.kindName)", at: key.range,
                    suggestion: "write \"key: value\"")
                continue
            }
            if let earlier = first[scalar.text] {
                problems.error(
                    "duplicate-key", "key \(scalar.text.quoted) is given more than once", at: key.range,
                    suggestion: "keep one of them", notes: [.init("first given here", at: earlier)])
                continue
            }
            first[scalar.text] = key.range
            let text = Located(scalar.text, at: key.range, written: scalar.text, places: scalar.places)
            entries.append(YAMLEntry(key: text, value: convert(valueNode, depth: depth + 1)))
        }
        return entries
    }

    private func convert(_ scalar: Node.Scalar, at position: SourcePosition) -> YAMLNode {
        let start = source.offset(of: position) ?? 0
        let style: ScalarExtent.Style =
            switch scalar.style {
            case .singleQuoted: .singleQuoted
            case .doubleQuoted: .doubleQuoted
            case .literal, .folded: .block
            default: .plain
            }
        if style == .plain, let first = scalar.string.unicodeScalars.first,
            let indicator = YAMLPlaceholders.indicator(first)
        {
            return refuse(indicator, before: scalar, at: start)
        }
        let text = restored(scalar.string, at: style == .plain ? start : start + 1)
        let (range, places) = ScalarExtent.of(text, style: style, at: start, in: source)
        return YAMLNode(
            content: .scalar(YAMLScalar(text: text, isPlain: style == .plain, places: places)), range: range)
    }

    /// The text with indicators and, where a duplicate key was marked, its first character put back.
    private func restored(_ text: String, at start: Int) -> String {
        guard let first = marked[start] else { return YAMLPlaceholders.restored(text) }
        var scalars = String.UnicodeScalarView()
        scalars.append(first)
        scalars.append(contentsOf: text.unicodeScalars.dropFirst())
        return YAMLPlaceholders.restored(String(scalars))
    }

    /// Reports an anchor, alias, tag or `?`, and reads on with what stands behind it, if anything does.
    private func refuse(_ indicator: Unicode.Scalar, before scalar: Node.Scalar, at start: Int) -> YAMLNode {
        let text = YAMLPlaceholders.restored(scalar.string)
        let word = String(text.unicodeScalars.prefix { $0 != " " && $0 != "\n" })
        let range = SourceRange(start: source.position(at: start), length: word.unicodeScalars.count)
        problems.add(YAMLPlaceholders.diagnostic(for: indicator, at: range))
        let rest = text.unicodeScalars.dropFirst(word.unicodeScalars.count).drop { $0 == " " }
        guard !rest.isEmpty, indicator != "*", rest.allSatisfy({ $0 != "\n" }),
            let line = Optional(source.position(at: start + (text.unicodeScalars.count - rest.count)))
        else { return YAMLNode(content: .refused, range: range) }
        let value = String(String.UnicodeScalarView(rest))
        return YAMLNode(
            content: .scalar(YAMLScalar(text: value, isPlain: true, places: .line(line))),
            range: SourceRange(start: line, length: value.unicodeScalars.count))
    }
}
