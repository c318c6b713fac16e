@testable import Features

/// What a tiled window has to give: a fold over all events of the tiles that are in, as the definition says it.
struct TileOracle {
    let plan: TiledWindowPlan
    var events: [TileEvent] = []

    mutating func take(_ event: TileEvent) -> [Double] {
        let result = ask(time: event.time, watermark: event.watermark, itself: event)
        events.append(event)
        return result
    }

    func ask(time: Int64, watermark: Int64, itself: TileEvent? = nil) -> [Double] {
        let before = events.filter {
            plan.window.holdsTile(of: $0.time, at: time, watermark: watermark, late: plan.lateMicroseconds)
        }
        let isOwn = plan.window.delayMicroseconds == 0
        let all = before + (isOwn ? itself.map { [$0] } ?? [] : [])
        return plan.outputs.map { output in
            let value = Self.value(
                output, output.isBeforeEvent ? before : all, at: time, length: plan.window.lengthMicroseconds)
            return value.isFinite ? value : output.defaultValue
        }
    }

    private static func value(_ output: TileOutput, _ events: [TileEvent], at time: Int64, length: Int64) -> Double {
        let column = output.column
        let present = events.filter { column.isPresent(values: $0.words) }
        let words = column.shape == .always ? [] : present.map { $0.words[column.valueWord] }
        let numbers = words.map { column.number($0) }
        // Sorted by time, of equal times as they were taken.
        let order = present.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        switch output.function {
        case .count: return Double(present.count)
        case .rate: return Double(present.count) * output.parameter / Double(length)
        case .sum: return sum(column, words)
        case .mean:
            if words.isEmpty { return .nan }
            return column.shape == .double
                ? sum(column, words) / Double(words.count)
                : Double(words.reduce(0, +)) / (Double(words.count) * column.divisor)
        case .stddev:
            if numbers.count < 2 { return .nan }
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let squares = numbers.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            return (squares / Double(numbers.count - 1)).squareRoot()
        case .min: return numbers.min() ?? .nan
        case .max: return numbers.max() ?? .nan
        case .distinct: return Double(Set(words.map { column.identity($0) }).count)
        case .first: return order.first.map { column.number($0.element.words[column.valueWord]) } ?? .nan
        case .last, .previous: return order.last.map { column.number($0.element.words[column.valueWord]) } ?? .nan
        case .timeSinceLast: return order.last.map { max(0, Double(time - $0.element.time) / 1e6) } ?? .nan
        case .quantile:
            let keys = numbers.map { QuantileBuckets.key(of: $0) }.sorted()
            if keys.isEmpty { return .nan }
            return QuantileBuckets.representative(keys[Int(output.parameter * Double(keys.count - 1))])
        case .ewma: return .nan
        }
    }

    /// Exact for integers; for doubles largest first and compensated.
    private static func sum(_ column: ColumnLayout, _ words: [Int64]) -> Double {
        if column.shape != .double { return Double(words.reduce(0, +)) / column.divisor }
        var (high, low) = (0.0, 0.0)
        for word in words {
            let value = column.plainNumber(word)
            let sum = high + value
            low += high.magnitude >= value.magnitude ? (high - sum) + value : (value - sum) + high
            high = sum
        }
        return high + low
    }
}

extension WindowPlan {
    /// The first and the last instant of a time's tile.
    private func tile(_ time: Int64) -> (first: Int64, last: Int64) {
        let remainder = time % tileMicroseconds
        let first = time - (remainder < 0 ? remainder + tileMicroseconds : remainder)
        return (first, first + tileMicroseconds - 1)
    }

    /// Whether an event of time `time` has the tile of `other` in its window, as the definition says it.
    func holdsTile(of other: Int64, at time: Int64, watermark: Int64, late: Int64) -> Bool {
        let (first, last) = tile(other)
        let forgotten = watermark - (delayMicroseconds + lengthMicroseconds + late + tileMicroseconds)
        if first <= forgotten || time <= forgotten { return false }
        if last <= time - delayMicroseconds - lengthMicroseconds { return false }
        return delayMicroseconds == 0 ? first <= tile(time).first : last <= time - delayMicroseconds
    }
}
