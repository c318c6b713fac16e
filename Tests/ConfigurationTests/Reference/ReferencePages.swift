import Configuration
import Diagnostics
import Features
import Telemetry

/// The pages under `docs/reference`, made from the catalogues that the program itself works by.
struct ReferencePages {
    struct Page: CustomStringConvertible {
        let file: String
        let text: String

        var description: String { file }
    }

    static let all = [
        Page(file: "aggregates.md", text: aggregates(.standard)),
        Page(file: "diagnostics.md", text: diagnostics),
        Page(file: "functions.md", text: functions(.standard)),
        Page(file: "metrics.md", text: MetricCatalogue.reference(origin: origin)),
        Page(file: "pipeline-keys.md", text: KeyReference().text),
    ]

    /// Every function and aggregate that there is.
    static let names = FunctionCatalogue.standard.names + AggregateCatalogue.standard.specs.map(\.name)

    static let origin = "<!-- Made from the program's tables: UPDATE_GOLDENS=1 swift test --filter ReferenceTests -->\n"

    static func table(_ head: [String], _ rows: [[String]]) -> String {
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { "| " + $0.map(cell).joined(separator: " | ") + " |\n" }.joined()
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ")
    }

    // MARK: - Diagnostics

    private static var diagnostics: String {
        let chapters = [
            (
                "The pipeline file", "Given for the file as it is written, with a place in it.",
                DiagnosticCatalogue.configuration
            ),
            ("Expressions", "Given at the part of the expression that is wrong.", DiagnosticCatalogue.expressions),
            ("What refers to what", "Given when features, rules and model are put together.", DiagnosticCatalogue.plan),
            ("Model files", "Given at `model.file`, with the place inside the model.", DiagnosticCatalogue.models),
            ("Kafka properties", "Given at the property.", DiagnosticCatalogue.properties),
        ]
        var text = """
            # Diagnostics

            \(origin)
            Every code that `riffle check` can give stands in brackets behind its message. Codes are stable: scripts may
            rest on them. An error keeps the pipeline from running, a warning does not.

            """
        for (title, about, entries) in chapters {
            let rows = entries.map { ["`\($0.code)`", $0.meaning, $0.remedy] }
            text += "\n## \(title)\n\n\(about)\n\n" + table(["code", "what is wrong", "what to do"], rows)
        }
        return text
    }

    // MARK: - Functions and aggregates

    private static func functions(_ catalogue: FunctionCatalogue) -> String {
        let rows = catalogue.functions.map { function in
            [
                "`\(function.signature)`", types(of: function), function.summary, missing(of: function),
                function.examples.map { "`\($0.expression)` is \(shown($0.value))" }.joined(separator: "<br>"),
            ]
        }
        return """
            # Functions

            \(origin)
            What expressions can call. Where a number is wanted, true counts as 1 and false as 0. In the examples
            `event_time` is Sunday 2018-09-30T23:59:57Z. The language itself: [PIPELINE.md](../PIPELINE.md#expressions).


            """ + table(["function", "takes", "gives", "missing", "examples"], rows)
    }

    private static func types(of function: FunctionSpec) -> String {
        let accepted = function.parameters.map { parameter in
            ExpressionType.allCases.filter { parameter.accepts.contains($0) }.map(\.rawValue)
        }
        return Set(accepted).count == 1
            ? accepted[0].joined(separator: ", ") : accepted.map { $0.joined(separator: ", ") }.joined(separator: "; ")
    }

    private static func missing(of function: FunctionSpec) -> String {
        switch function.missing {
        case .propagates: "where any argument is"
        case .handled(let rule): rule
        }
    }

    private static func shown(_ value: Double?) -> String {
        guard let value else { return "missing" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private static func aggregates(_ catalogue: AggregateCatalogue) -> String {
        let rows = catalogue.specs.map { spec in
            [
                "`\(spec.name)(\(spec.takesArgument ? "x" : ""))`", spec.summary, spec.emptyValue, "`\(spec.example)`",
            ]
        }
        return """
            # Aggregates

            \(origin)
            What stands under `aggregates:` in a group of windows. `x` is an expression over one event that gives a number,
            or true or false (1 or 0); `or NUMBER` behind an aggregate stands in where it is missing: `mean(tx_amount) or 0`.
            An integer, a decimal or a boolean that stands alone is summed exactly; any other expression with a compensated
            sum of 64-bit floats.


            """ + table(["aggregate", "gives", "empty window", "example"], rows)
    }
}
