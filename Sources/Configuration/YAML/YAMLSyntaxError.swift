import Diagnostics
import Yams

/// Says in the user's words what the YAML parser objects to.
struct YAMLSyntaxError {
    let source: SourceText

    func diagnostic(for error: YamlError) -> Diagnostic {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return diagnostic(problem, at: position(mark), context: context)
        case .composer(_, _, let mark, _):
            return Diagnostic(
                code: "yaml-documents", "a second document begins here", at: range(at: position(mark)),
                suggestion: "keep one pipeline per file")
        case .memory: return Diagnostic(code: "nesting-too-deep", "lists and mappings are nested too deep", at: nil)
        default:
            return Diagnostic(code: "yaml-syntax", "the file is not YAML", at: range(at: .init(line: 1, column: 1)))
        }
    }

    private func diagnostic(_ problem: String, at found: SourcePosition, context: YamlError.Context?) -> Diagnostic {
        if problem.hasPrefix("Maximum nesting level") {
            return Diagnostic(
                code: "nesting-too-deep", "lists and mappings are nested too deep", at: range(at: found),
                suggestion: "a pipeline file needs no more than \(YAMLReader.depthMax) levels")
        }
        // At the end of the file, or on an empty line, the last thing written says more.
        let place = lastText(atOrBefore: found)
        let began = context.map { position($0.mark) }
        if let tab = tab(around: place) { return tabDiagnostic(tab) }
        if let indicator = indicator(around: place) { return indicator }
        if let began, problem == "could not find expected ':'" {
            let line = source.line(began.line).dropFirst(began.column - 1)
            let length = max(1, (line.lastIndex { $0 != " " } ?? line.startIndex) - line.startIndex + 1)
            return Diagnostic(
                code: "yaml-syntax", "this line has no \":\" between a key and its value",
                at: SourceRange(start: began, length: length), suggestion: "write \"key: value\"")
        }
        if let bracket = character(at: place), bracket == "}" || bracket == "]", problem.hasPrefix("did not find") {
            return Diagnostic(
                code: "yaml-syntax", "\(String(Character(bracket)).quoted) closes nothing", at: range(at: place),
                suggestion: "remove it, or quote the text if it belongs to it")
        }
        var notes: [Diagnostic.Note] = []
        if let began, let what = Self.began(context?.text ?? ""), began < place {
            notes.append(.init(what, at: range(at: began)))
        }
        let reading = Self.reading(problem, character: character(at: place))
        return Diagnostic(
            code: reading.code, reading.message, at: range(at: place),
            suggestion: flowSuggestion(at: place) ?? reading.suggestion, notes: notes)
    }

    // MARK: - Words

    private static func reading(
        _ problem: String, character: Unicode.Scalar?
    ) -> (code: String, message: String, suggestion: String?) {
        switch problem {
        case "found character that cannot start any token":
            let shown = character.map { String(Character($0)).quoted } ?? "this character"
            return ("yaml-syntax", "\(shown) cannot begin a value", "put the value in quotes")
        case "mapping values are not allowed in this context":
            return (
                "yaml-syntax", "\":\" is not allowed here",
                "check the indentation, or quote the text if the \":\" belongs to it"
            )
        case "did not find expected key":
            return (
                "yaml-indentation", "this line fits into no mapping: its indentation is off, or a key is missing",
                "align it with the other keys"
            )
        case "did not find expected '-' indicator":
            return (
                "yaml-indentation", "this line stands in a list but does not begin with \"- \"", "indent it as an item"
            )
        case "block sequence entries are not allowed in this context":
            return ("yaml-syntax", "a list item \"- \" is not allowed here", "begin the list on a line of its own")
        case "did not find expected ',' or ']'":
            return ("yaml-syntax", "a list in [ ] misses a \",\" or its \"]\"", "add what is missing")
        case "did not find expected ',' or '}'":
            return ("yaml-syntax", "a mapping in { } misses a \",\" or its \"}\"", "add what is missing")
        case "found unexpected end of stream":
            return ("yaml-syntax", "the file ends inside quotes", "close the quotes")
        case "found unexpected document indicator":
            return ("yaml-syntax", "a document marker stands inside quotes", "close the quotes")
        case "found unknown escape character":
            return ("yaml-syntax", "this escape is not known", "write \"\\\\\" for a backslash, or use single quotes")
        case "did not find expected hexdecimal number", "found invalid Unicode character escape code":
            return ("yaml-syntax", "this escape stands for no character", "write \\u and four hexadecimal digits")
        case "did not find expected <document start>":
            return ("yaml-syntax", "this belongs to nothing: the pipeline ended above", "check the indentation")
        case "did not find expected node content":
            return ("yaml-syntax", "a value is missing here", "write one, or remove the \",\"")
        case "did not find expected comment or line break":
            return ("yaml-syntax", "only a comment may stand behind this", "move the text to the next line")
        default: return ("yaml-syntax", "not YAML: \(problem)", nil)
        }
    }

    private static func began(_ context: String) -> String? {
        switch context {
        case "while parsing a block mapping": "the mapping begins here"
        case "while parsing a block collection": "the list begins here"
        case "while parsing a flow sequence": "the list begins here"
        case "while parsing a flow mapping": "the mapping begins here"
        case "while scanning a quoted scalar", "while parsing a quoted scalar": "the quotes open here"
        case "while scanning a simple key": "the key begins here"
        default: nil
        }
    }

    // MARK: - Places

    private func position(_ mark: Mark) -> SourcePosition { SourcePosition(line: mark.line, column: mark.column) }

    private func range(at position: SourcePosition) -> SourceRange { SourceRange(start: position) }

    private func character(at position: SourcePosition) -> Unicode.Scalar? {
        guard let offset = source.offset(of: position), offset < source.scalars.count else { return nil }
        return source.scalars[offset]
    }

    private func lastText(atOrBefore position: SourcePosition) -> SourcePosition {
        var line = min(position.line, source.lineStarts.count)
        if line == position.line, source.line(line).contains(where: { $0 != " " && $0 != "\r" }) { return position }
        while line > 1, source.line(line).allSatisfy({ $0 == " " || $0 == "\t" }) { line -= 1 }
        let text = source.line(line)
        let end = text.lastIndex { $0 != " " && $0 != "\t" } ?? text.startIndex
        return SourcePosition(line: line, column: end - text.startIndex + 1)
    }

    /// A tab among the blanks that begin the line, or right where the parser stopped.
    private func tab(around position: SourcePosition) -> SourcePosition? {
        let line = source.line(position.line)
        let blanks = line.prefix { $0 == " " || $0 == "\t" }
        if let tab = blanks.firstIndex(of: "\t") {
            return SourcePosition(line: position.line, column: tab - line.startIndex + 1)
        }
        return character(at: position) == "\t" ? position : nil
    }

    private func tabDiagnostic(_ place: SourcePosition) -> Diagnostic {
        let others = (1...source.lineStarts.count).count { line in
            line != place.line && source.line(line).prefix { $0 == " " || $0 == "\t" }.contains("\t")
        }
        let note = Diagnostic.Note("\(others) other line\(others == 1 ? " has" : "s have") a tab in the indentation")
        return Diagnostic(
            code: "yaml-tab", "a tab where YAML wants spaces", at: range(at: place), suggestion: "indent with spaces",
            notes: others > 0 ? [note] : [])
    }

    /// An anchor or tag in front of a list or mapping leaves the parser at a loss: name that instead.
    private func indicator(around position: SourcePosition) -> Diagnostic? {
        for number in stride(from: position.line, through: max(1, position.line - 2), by: -1) {
            let line = Array(source.line(number))
            for (index, scalar) in line.enumerated() where scalar == "&" || scalar == "!" || scalar == "?" {
                let before = index > 0 ? line[index - 1] : " "
                let token = line[..<index].last { $0 != " " } ?? ":"
                let after = index + 1 < line.count ? line[index + 1] : " "
                guard before == " " || before == "[" || before == "{", ":-[{,".unicodeScalars.contains(token),
                    scalar == "?" ? after == " " : after != " " && after != "="
                else { continue }
                let word = line[index...].prefix { $0 != " " }
                let start = SourcePosition(line: number, column: index + 1)
                return YAMLPlaceholders.diagnostic(for: scalar, at: SourceRange(start: start, length: word.count))
            }
        }
        return nil
    }

    /// `{brokers: ${X}}` without quotes: the braces of the variable are taken for a mapping's.
    private func flowSuggestion(at position: SourcePosition) -> String? {
        let line = source.line(position.line)
        var previous: Unicode.Scalar = " "
        var isInside = false
        for scalar in line {
            if scalar == "{", previous == "$" {
                return isInside ? "put \"${…}\" in quotes inside { } and [ ]" : nil
            }
            if scalar == "{" || scalar == "[" { isInside = true }
            if scalar == "\"" || scalar == "'" { return nil }
            previous = scalar
        }
        return nil
    }
}
