import ArgumentParser

/// A span of time on the command line: `30s`, `10m`, `200ms`; the unit is never left out.
struct CommandDuration: ExpressibleByArgument {
    let microseconds: Int64
    let defaultValueDescription: String

    private static let units: [(suffix: String, microseconds: Int64)] = [
        ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
    ]

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count > 0,
            let unit = Self.units.first(where: { $0.suffix == argument.dropFirst(digits.count) })
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.microseconds)
        // A year is more than any run that ends by itself.
        guard !overflow, product <= 366 * 86_400_000_000 else { return nil }
        microseconds = product
        defaultValueDescription = argument
    }
}
