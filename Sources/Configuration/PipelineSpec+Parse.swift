public import Diagnostics

/// Bounds on a pipeline file.
public struct PipelineLimits: Sendable {
    public var fileBytesMax = 1_048_576
    /// The most problems that are reported.
    public var problemsMax = DiagnosticGathering.problemsMaxDefault

    public init() {}
}

extension PipelineSpec {
    /// Reads a pipeline file: every problem at once, by position.
    ///
    /// A spec that comes with errors is only good for finding more of them (in its expressions, say): what could not be
    /// read is empty in it. Nothing may run with it. It is `nil` where the text is not YAML, or not a mapping.
    ///
    /// - Parameters:
    ///   - path: what the file is called in messages, and what the model's path is relative to.
    ///   - environment: what `${NAME}` may refer to; its values never appear in diagnostics.
    public static func parse(
        text: String, path: String, environment: [String: String], limits: PipelineLimits = PipelineLimits()
    ) -> (PipelineSpec?, [Diagnostic]) {
        let problems = DiagnosticGathering(problemsMax: limits.problemsMax)
        let spec = parse(text, path: path, environment: environment, limits: limits, into: problems)
        return (spec, problems.diagnostics)
    }

    private static func parse(
        _ text: String, path: String, environment: [String: String], limits: PipelineLimits,
        into problems: DiagnosticGathering
    ) -> PipelineSpec? {
        guard text.utf8.count <= limits.fileBytesMax else {
            problems.add(PipelineFile.tooLarge(limits))
            return nil
        }
        let source = SourceText(path: path, text: PipelineFile.withoutByteOrderMark(text))
        guard let node = YAMLReader.read(source, into: problems) else { return nil }
        let reader = SpecReader(problems: problems, expansion: EnvironmentExpansion(environment: environment))
        let place = SpecReader.Place(name: "pipeline", range: node.range, title: "the pipeline")
        guard case .mapping = node.content else {
            if case .refused = node.content { return nil }
            problems.error(
                "wrong-kind", "a pipeline file must be a mapping, not \(node.kindName)", at: node.range,
                suggestion: "begin with \"pipeline: NAME\"")
            return nil
        }
        guard let root = reader.section(node, PipelineSyntax.root, at: place) else { return nil }
        var pipeline = PipelineReader(root, path: path, problems)
        return pipeline.read(environmentValues: Self.used(environment, in: source.scalars))
    }

    /// The variables that a text names.
    private static func used(_ environment: [String: String], in scalars: [Unicode.Scalar]) -> [String: String] {
        var used: [String: String] = [:]
        for (index, scalar) in scalars.enumerated().dropFirst() where scalar == "{" && scalars[index - 1] == "$" {
            let name = scalars[(index + 1)...].prefix(256).prefix { $0 != "}" && $0 != ":" }
            let text = String(String.UnicodeScalarView(name))
            used[text] = environment[text]
        }
        return used
    }
}
