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
            ("Meaning", "Warnings of `riffle check` alone, once nothing is wrong.", DiagnosticCatalogue.meaning),
            ("Model files", "Given at `model.file`, with the place inside the model.", DiagnosticCatalogue.models),
            ("The cluster", "What `riffle check --online` finds.", DiagnosticCatalogue.cluster),
            ("The monitor", "What `riffle check` finds in the reference.", DiagnosticCatalogue.monitor),
            ("Kafka properties", "Given at the property.", DiagnosticCatalogue.properties),
            (
                "Files of tests",
                "Given by `riffle test` for a file of tests, beside the codes of the pipeline file that fit there.",
                DiagnosticCatalogue.tests
            ),
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
            `event_time` is Sunday 2018-09-30T23:59:57Z and `channel` is `web`. The language itself:
            [PIPELINE.md](../PIPELINE.md#expressions).


            """ + table(["function", "takes", "gives", "missing", "examples"], rows) + """

                ## Numbers that are none

                All numbers are 64-bit floats. What has no finite value is *missing*, in functions as in operators: a division
                by zero (`1 / 0`, `0 / 0`, `5 % 0`), an overflow (`1e308 * 10`, `exp(710)`), a logarithm or a root of a negative
                number. So is a value of a `float` field or a score that is not a number or is infinite. What is too small for a
                float is 0. A whole number beyond 2^53 is rounded to the nearest float.

                Functions are equal to the bit on one machine image. `log`, `log1p`, `exp`, `pow` and `haversine_km` rest on the C
                library, and another one may differ in the last bit.

                `bucket` hashes the text's UTF-8 bytes to 64 bits, and takes the high 32 of them times `n`, divided by 2^32 and
                rounded down. The hash is part of the format: it does not change between versions or machines.

                """
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
                "`\(spec.signature.signature)`", types(of: spec), spec.summary, windows(of: spec), spec.emptyValue,
                spec.error, "`\(spec.example)`",
            ]
        }
        let rules = Dictionary(grouping: catalogue.specs, by: \.missingRule).sorted { $0.key < $1.key }
        let missing = rules.map { rule, specs in
            "* \(specs.map { "`\($0.name)`" }.joined(separator: ", ")): \(rule).\n"
        }
        return """
            # Aggregates

            \(origin)
            What stands under `aggregates:` in a group of windows. `x` is an expression over one event; where it is to be a
            number, true and false are 1 and 0. `or NUMBER` behind an aggregate stands in where it is missing:
            `mean(tx_amount) or 0`. *Error* is the distance from what exact numbers would give; *none* means equal to the bit.


            """
                + table(["aggregate", "takes", "gives", "windows", "empty window", "error", "example"], rows) + """

                    ## Events that are left out

                    With a filter an event counts where all filters over it are true, not where they are missing.


                    """ + missing.joined() + """

                    ## State

                    With a length, an aggregate depends on the events of its delay and length, and `late.after`: a restart
                    without a snapshot reads the log that far back. Over `all` it depends on every event since the beginning: a
                    restart needs a snapshot, or the whole log. An event that is late sees there what was taken before it, newer
                    times included.

                    """
    }

    private static func types(of spec: Features.AggregateSpec) -> String {
        let argument = ExpressionType.allCases.filter { spec.accepts.contains($0) }.map(\.rawValue)
        let constant = spec.parameter.map { ["`\($0.name)`: \($0.bounds)"] } ?? []
        let parts = (argument.isEmpty ? [] : [argument.joined(separator: " or ")]) + constant
        return parts.isEmpty ? "–" : parts.joined(separator: "; ")
    }

    private static func windows(of spec: Features.AggregateSpec) -> String {
        switch spec.windows {
        case .lengths: "lengths"
        case .lengthsAndAll: "lengths, `all`"
        case .all: "`all`"
        }
    }
}
