extension FunctionSpec {
    static let isMissing = FunctionSpec(
        "is_missing", [Parameter("x", [.number, .bool, .text, .time])], result: .bool,
        summary: "True where `x` has no value.",
        missing: .handled("never missing"),
        examples: [Example("is_missing(1)", 0), Example("is_missing(1 / 0)", 1)],
        kernel: { arguments, output in
            switch arguments[0] {
            case .numbers(let values):
                mapRows(values, rows: arguments.rows, into: output) { $0 == $0 ? 0 : 1 }
            case .texts(let texts):
                for row in 0..<arguments.rows { output[row] = texts.bytes(row) == nil ? 1 : 0 }
            case .times(let times):
                for row in 0..<arguments.rows { output[row] = times.isPresent(row) ? 0 : 1 }
            }
        })

    static let coalesce = FunctionSpec(
        "coalesce", [Parameter("x"), Parameter("y")], repeatsLast: true, result: .common,
        summary: "The first of its arguments that is not missing.",
        missing: .handled("missing where all arguments are"),
        examples: [
            Example("coalesce(1 / 0, 7)", 7), Example("coalesce(1, 7)", 1), Example("coalesce(1 / 0, 0 / 0)", nil),
        ],
        kernel: { arguments, output in
            output.update(from: arguments.numbers(0), count: arguments.rows)
            for index in 1..<arguments.count {
                let next = arguments.numbers(index)
                for row in 0..<arguments.rows { output[row] = output[row] == output[row] ? output[row] : next[row] }
            }
        })
}
