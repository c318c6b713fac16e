extension FunctionSpec {
    static let floor = FunctionSpec(
        "floor", [Parameter("x")],
        summary: "The greatest whole number that is not above `x`.",
        examples: [Example("floor(2.7)", 2), Example("floor(-2.1)", -3)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite($0.rounded(.down)) }
        })

    static let ceil = FunctionSpec(
        "ceil", [Parameter("x")],
        summary: "The least whole number that is not below `x`.",
        examples: [Example("ceil(2.1)", 3), Example("ceil(-2.7)", -2)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite($0.rounded(.up)) }
        })

    static let round = FunctionSpec(
        "round", [Parameter("x")],
        summary: "The nearest whole number; halves go away from zero.",
        examples: [Example("round(2.5)", 3), Example("round(-2.5)", -3), Example("round(2.4)", 2)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) {
                missingUnlessFinite($0.rounded(.toNearestOrAwayFromZero))
            }
        })
}
