#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// `log`, `exp` and `pow` come from the platform's C library: one machine image always gives the same bits, another C
// library may differ in the last one.
extension FunctionSpec {
    static let log = FunctionSpec(
        "log", [Parameter("x")],
        summary: "The natural logarithm; missing where `x` is 0 or less.",
        examples: [Example("log(1)", 0), Example("log(0)", nil), Example("log(-1)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite(libraryLog($0)) }
        })

    static let log1p = FunctionSpec(
        "log1p", [Parameter("x")],
        summary: "The natural logarithm of 1 + `x`, exact for small `x`; missing where `x` is -1 or less.",
        examples: [Example("log1p(0)", 0), Example("log1p(1e-20)", 1e-20), Example("log1p(-1)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite(libraryLog1p($0)) }
        })

    static let exp = FunctionSpec(
        "exp", [Parameter("x")],
        summary: "e to the power `x`; missing where that is too large for a 64-bit float.",
        examples: [Example("exp(0)", 1), Example("exp(1000)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite(libraryExp($0)) }
        })

    static let sqrt = FunctionSpec(
        "sqrt", [Parameter("x")],
        summary: "The square root; missing where `x` is below 0.",
        examples: [Example("sqrt(9)", 3), Example("sqrt(-1)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), rows: arguments.rows, into: output) { missingUnlessFinite($0.squareRoot()) }
        })

    static let pow = FunctionSpec(
        "pow", [Parameter("x"), Parameter("y")],
        summary: "`x` to the power `y`; missing where that is no finite real number.",
        examples: [Example("pow(2, 10)", 1024), Example("pow(-8, 1 / 3)", nil), Example("pow(0, -1)", nil)],
        kernel: { arguments, output in
            mapRows(arguments.numbers(0), arguments.numbers(1), rows: arguments.rows, into: output) { x, y in
                // C's pow(missing, 0) and pow(1, missing) are 1; here what is missing stays missing.
                let power = missingUnlessFinite(libraryPow(x, y))
                return x == x ? (y == y ? power : .nan) : .nan
            }
        })
}

// Inside the extension the catalogue's names hide the C library's.
@inline(__always)
private func libraryLog(_ x: Double) -> Double { log(x) }
@inline(__always)
private func libraryLog1p(_ x: Double) -> Double { log1p(x) }
@inline(__always)
private func libraryExp(_ x: Double) -> Double { exp(x) }
@inline(__always)
private func libraryPow(_ x: Double, _ y: Double) -> Double { pow(x, y) }
