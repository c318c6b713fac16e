extension FunctionSpec {
    static let min = FunctionSpec(
        "min", [Parameter("x"), Parameter("y")], repeatsLast: true,
        summary: "The least of its arguments.",
        examples: [Example("min(3, 2)", 2), Example("min(3, 2, -1)", -1)],
        kernel: { arguments, output in foldRows(arguments, output) { $1 < $0 ? $1 : $0 } })

    static let max = FunctionSpec(
        "max", [Parameter("x"), Parameter("y")], repeatsLast: true,
        summary: "The greatest of its arguments.",
        examples: [Example("max(3, 2)", 3), Example("max(-3, -2, -1)", -1)],
        kernel: { arguments, output in foldRows(arguments, output) { $1 > $0 ? $1 : $0 } })

    static let abs = FunctionSpec(
        "abs", [Parameter("x")],
        summary: "The value without its sign.",
        examples: [Example("abs(-2.5)", 2.5), Example("abs(2)", 2)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite($0.magnitude) }
        })

    static let clamp = FunctionSpec(
        "clamp", [Parameter("x"), Parameter("low"), Parameter("high")],
        summary: "`x`, or the bound that it lies beyond; missing where `low` is above `high`.",
        examples: [Example("clamp(7, 0, 5)", 5), Example("clamp(-7, 0, 5)", 0), Example("clamp(1, 5, 0)", nil)],
        kernel: { arguments, output in
            let (x, low, high) = (arguments.numbers(0), arguments.numbers(1), arguments.numbers(2))
            for row in 0..<arguments.rows {
                // A missing value makes one of the comparisons false.
                let raised = x[row] < low[row] ? low[row] : x[row]
                let bounded = raised > high[row] ? high[row] : raised
                output[row] = low[row] <= high[row] && x[row] == x[row] ? bounded : .nan
            }
        })
}

/// Combines the arguments from the first to the last; missing where any of them is.
@inline(__always)
private func foldRows(
    _ arguments: FunctionArguments, _ output: UnsafeMutablePointer<Double>, _ combine: (Double, Double) -> Double
) {
    output.update(from: arguments.numbers(0), count: arguments.rows)
    for index in 1..<arguments.count {
        let next = arguments.numbers(index)
        for row in 0..<arguments.rows {
            let (left, right) = (output[row], next[row])
            let both = combine(left, right)
            output[row] = left == left ? (right == right ? both : .nan) : .nan
        }
    }
}
