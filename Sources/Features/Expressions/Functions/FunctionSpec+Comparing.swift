extension FunctionSpec {
    static let ratio = FunctionSpec(
        "ratio", [Parameter("x"), Parameter("y")],
        summary: "`x` divided by `y`; missing where `y` is 0, or the quotient is too large for a 64-bit float.",
        examples: [Example("ratio(30, 20)", 1.5), Example("ratio(1, 0)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), arguments.numbers(1), rows: arguments.rows, into: output) {
                missingUnlessFinite($0 / $1)
            }
        })

    static let zscore = FunctionSpec(
        "zscore", [Parameter("x"), Parameter("mean"), Parameter("sd")],
        summary: "How many standard deviations `x` lies above `mean`: (`x` - `mean`) / `sd`; missing where `sd` is 0 "
            + "or less.",
        examples: [Example("zscore(130, 100, 20)", 1.5), Example("zscore(1, 1, 0)", nil)],
        kernel: { arguments, output in
            let (x, mean, deviation) = (arguments.numbers(0), arguments.numbers(1), arguments.numbers(2))
            for row in 0..<arguments.rows {
                let score = missingUnlessFinite((x[row] - mean[row]) / deviation[row])
                output[row] = deviation[row] > 0 ? score : .nan
            }
        })
}
