extension FunctionSpec {
    static let hour = FunctionSpec(
        "hour", [Parameter("time", [.time])],
        summary: "The hour of the day in UTC, 0 to 23.",
        examples: [Example("hour(event_time)", 23)],
        kernel: { arguments, output in
            mapTimes(arguments, output) { Double(floorModulo(floorQuotient($0, 3_600_000_000), 24)) }
        })

    static let dayOfWeek = FunctionSpec(
        "day_of_week", [Parameter("time", [.time])],
        summary: "The day of the week in UTC, Monday 1 to Sunday 7.",
        examples: [Example("day_of_week(event_time)", 7)],
        kernel: { arguments, output in
            // 1970-01-01 was a Thursday, three days after a Monday.
            mapTimes(arguments, output) { Double(floorModulo(floorQuotient($0, 86_400_000_000) &+ 3, 7) &+ 1) }
        })
}

@inline(__always)
private func mapTimes(
    _ arguments: FunctionArguments, _ output: UnsafeMutablePointer<Double>, _ body: (Int64) -> Double
) {
    let times = arguments.times(0)
    for row in 0..<arguments.rows {
        output[row] = times.isPresent(row) ? body(times.microseconds(row)) : .nan
    }
}

/// Rounds down, as times before 1970 need. `divisor` is positive.
@inline(__always)
private func floorQuotient(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient &- 1 : quotient
}

/// 0 to `divisor` - 1. `divisor` is positive.
@inline(__always)
private func floorModulo(_ value: Int64, _ divisor: Int64) -> Int64 {
    let remainder = value % divisor
    return remainder < 0 ? remainder &+ divisor : remainder
}
