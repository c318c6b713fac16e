import Events

@testable import Features

/// The semantics of windows, naively: every event looks through all that came before it.
///
/// An event with time t and watermark W (the newest accepted time up to and with it) sees, in a window of `length`
/// delayed by `delay`, what came before it in merge order with the same key, a time in (t - delay - length, t - delay],
/// and a time after W - horizon; and itself, without delay, unless the window or the aggregate leaves it out. Since the
/// beginning it sees all that was taken before it and is as old as the delay, as of the newest that its key has met.
struct WindowOracle {
    let plan: HistoryPlan

    /// What is known of one key of one entity.
    private struct Seen {
        /// In merge order: indices of events that entered.
        var taken: [Int] = []
        /// The newest time of an event that entered or asked.
        var newest = Int64.min
    }

    /// What each feature must be: see `ExpectedValue`.
    func features(_ events: [HistoryEvent]) -> [[ExpectedValue]] {
        var watermark = Int64.min
        var result: [[ExpectedValue]] = []
        var seen = plan.entities.map { _ in [HistoryKey: Seen]() }
        for (index, event) in events.enumerated() {
            guard event.disposition.entersState else {
                result.append([])
                continue
            }
            watermark = max(watermark, event.time)
            var row = Array(repeating: ExpectedValue.exact(nil), count: plan.featureCount)
            for (entity, entityPlan) in plan.entities.enumerated() {
                let enters = Int(event.source) == entityPlan.source
                if !enters, event.source != 0 { continue }
                let key = HistoryKey(event, enters ? entityPlan.keyField : entityPlan.queryKeyField)
                var known = key.flatMap { seen[entity][$0] } ?? Seen()
                let isForgotten = event.time <= watermark - entityPlan.horizonMicroseconds
                if enters ? !isForgotten || entityPlan.isUnbounded : !known.taken.isEmpty && !isForgotten {
                    known.newest = max(known.newest, event.time)
                }
                var views: [[Int]: [HistoryEvent]] = [:]
                for aggregate in entityPlan.aggregates {
                    let leavesCurrent = Self.leavesCurrent(aggregate, entityPlan)
                    let view = [aggregate.window, leavesCurrent ? 1 : 0]
                    if views[view] == nil {
                        let window = entityPlan.windows[aggregate.window]
                        let found = visible(
                            events, known, index, watermark, window, entityPlan, leavesCurrent: leavesCurrent)
                        views[view] = key == nil ? [] : found
                    }
                    row[aggregate.feature.rawValue] = ExpectedValue(
                        aggregate, entityPlan, views[view] ?? [], at: event.time)
                }
                if enters { known.taken.append(index) }
                if let key, enters || !known.taken.isEmpty { seen[entity][key] = known }
            }
            result.append(event.source == 0 ? row : [])
        }
        return result
    }

    private static func leavesCurrent(_ aggregate: AggregatePlan, _ entity: EntityPlan) -> Bool {
        !entity.windows[aggregate.window].includesCurrent || aggregate.function == .previous
            || aggregate.function == .timeSinceLast
    }

    /// The events in the window of an aggregate, as the event at `index` sees it: by time, then in merge order.
    private func visible(
        _ events: [HistoryEvent], _ known: Seen, _ index: Int, _ watermark: Int64, _ window: WindowPlan,
        _ entity: EntityPlan, leavesCurrent: Bool
    ) -> [HistoryEvent] {
        let event = events[index]
        var visible = known.taken.map { events[$0] }
        if window.isUnbounded {
            visible = visible.filter { $0.time <= known.newest - window.delayMicroseconds }
        } else if window.isTiled {
            visible = visible.filter {
                window.holdsTile(of: $0.time, at: event.time, watermark: watermark, late: entity.lateMicroseconds)
            }
        } else {
            let newest = event.time - window.delayMicroseconds
            let oldest = newest - window.lengthMicroseconds
            let forgotten = watermark - entity.exactPart.plan.horizonMicroseconds
            visible = visible.filter { $0.time > oldest && $0.time <= newest && $0.time > forgotten }
        }
        if Int(event.source) == entity.source, window.delayMicroseconds == 0, !leavesCurrent { visible.append(event) }
        if zip(visible, visible.dropFirst()).allSatisfy({ $0.time <= $1.time }) { return visible }
        return visible.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }
}

enum HistoryKey: Hashable {
    case text([UInt8])
    case integer(Int64)

    init?(_ event: HistoryEvent, _ field: FieldIndex) {
        if field == HistoryField.customer {
            guard let customer = event.customer else { return nil }
            self = .text(customer)
        } else {
            guard let device = field == HistoryField.asked ? event.asked : event.device else { return nil }
            self = .integer(device)
        }
    }
}

/// A feature as the oracle has it.
enum ExpectedValue: Equatable {
    /// To the last bit; `nil` is missing.
    case exact(Double?)
    /// Within 1e-12 of the sum of the magnitudes of what was added up (over `count` for a mean).
    case near(Double, scale: Double)
    /// Within a hundredth, as a sketch of quantiles has it.
    case percent(Double)

    init(_ aggregate: AggregatePlan, _ entity: EntityPlan, _ visible: [HistoryEvent], at time: Int64) {
        let column = aggregate.valueColumn.map { entity.valueColumns[$0] }
        if column == nil, aggregate.function == .count {
            self = .exact(Double(visible.count))
            return
        }
        var events: [HistoryEvent] = []
        var values: [OracleValue] = []
        for event in visible {
            if let column {
                guard let value = OracleValue(column, event) else { continue }
                values.append(value)
            }
            events.append(event)
        }
        switch aggregate.function {
        case .count: self = .exact(Double(events.count))
        case .rate:
            let unit = (aggregate.parameter ?? 0) / Double(entity.windows[aggregate.window].lengthMicroseconds)
            self = .near(Double(events.count) * unit, scale: Double(events.count) * unit)
        case .timeSinceLast:
            self = events.last.map { .exact(Double(max(0, time - $0.time)) / 1e6) } ?? .exact(aggregate.defaultValue)
        default:
            guard column != nil else { preconditionFailure("\(aggregate.function) of nothing") }
            self = Self.of(values, aggregate, entity, events.map(\.time))
        }
    }

    private static func of(
        _ values: [OracleValue], _ aggregate: AggregatePlan, _ entity: EntityPlan, _ times: [Int64]
    ) -> ExpectedValue {
        let numbers = values.map(\.number)
        switch aggregate.function {
        case .sum, .mean: return added(values, isMean: aggregate.function == .mean, aggregate)
        case .distinct:
            let texts = Set(values.compactMap(\.bytes))
            return .exact(Double(texts.isEmpty ? Set(numbers).count : texts.count))
        case .min: return .exact(numbers.min() ?? aggregate.defaultValue)
        case .max: return .exact(numbers.max() ?? aggregate.defaultValue)
        case .first: return .exact(numbers.first ?? aggregate.defaultValue)
        case .last, .previous: return .exact(numbers.last ?? aggregate.defaultValue)
        case .stddev:
            if values.count < 2 { return .exact(aggregate.defaultValue) }
            let mean = ExactSum.of(numbers) / Double(numbers.count)
            let squares = ExactSum.of(numbers.map { ($0 - mean) * ($0 - mean) })
            let deviation = (squares / Double(numbers.count - 1)).squareRoot()
            // Means and spreads of tiles are merged in plain doubles.
            let isTiled = entity.windows[aggregate.window].isTiled
            return .near(deviation, scale: isTiled ? deviation * 1e3 : deviation)
        case .quantile:
            if values.isEmpty { return .exact(aggregate.defaultValue) }
            return .percent(numbers.sorted()[Int((aggregate.parameter ?? 0) * Double(values.count - 1))])
        default:
            guard let newest = times.max(), let halfLife = aggregate.parameter else {
                return .exact(aggregate.defaultValue)
            }
            let halvings = times.map { Double(newest - $0) / halfLife }
            let weights = halvings.map { age in
                Double(sign: .plus, exponent: -Int(age), significand: power(age - age.rounded(.down)))
            }
            let total = ExactSum.of(zip(weights, numbers).map { $0 * $1 })
            let scale = ExactSum.of(zip(weights, numbers).map { ($0 * $1).magnitude })
            return .near(total / ExactSum.of(weights), scale: scale / ExactSum.of(weights))
        }
    }

    /// 2^-x for x from 0 to 1, by its power series.
    private static func power(_ x: Double) -> Double {
        var (term, sum) = (1.0, 1.0)
        for step in 1..<40 {
            term *= -x * 0.693147180559945309417 / Double(step)
            sum += term
        }
        return sum
    }

    private static func added(_ values: [OracleValue], isMean: Bool, _ aggregate: AggregatePlan) -> ExpectedValue {
        let isExact = values.allSatisfy { $0.units != nil }
        if values.isEmpty { return .exact(isMean ? aggregate.defaultValue : 0) }
        if isExact, let units = values[0].units {
            let sum = values.reduce(Int128(0)) { $0 + Int128($1.integer) }
            return .exact(Double(sum) / (isMean ? Double(values.count) * units : units))
        }
        let sum = ExactSum.of(values.map(\.number))
        let scale = values.reduce(0) { $0 + $1.number.magnitude }
        return isMean
            ? .near(sum / Double(values.count), scale: scale / Double(values.count)) : .near(sum, scale: scale)
    }

    func matches(_ value: Double) -> Bool {
        switch self {
        case .exact(nil): value.isNaN
        case .exact(let expected?): value == expected
        case .near(let expected, let scale): (value - expected).magnitude <= 1e-12 * scale
        case .percent(let expected): (value - expected).magnitude <= 0.010_000_001 * expected.magnitude
        }
    }
}

/// The value that an event has in a column.
struct OracleValue {
    var integer: Int64 = 0
    /// 10^scale of an integer; `nil` for a double.
    var units: Double?
    var number = 0.0
    /// Of a text.
    var bytes: [UInt8]?

    private static let flagFilter = compiled("flag").canonicalText
    private static let quantityFilter = compiled("quantity > 0").canonicalText

    /// `nil` where it is missing, or the filter is not true.
    init?(_ column: ValueColumnPlan, _ event: HistoryEvent) {
        switch column.filter?.canonicalText {
        case nil: break
        case Self.flagFilter: if !event.flag { return nil }
        case Self.quantityFilter:
            guard let quantity = event.quantity, quantity > 0 else { return nil }
        case .some(let text): preconditionFailure("no oracle for the filter \(text)")
        }
        switch column.content {
        case .integers(let field, let scale, _):
            let known = [HistoryField.amount: event.amount, HistoryField.flag: event.flag ? 1 : 0]
            guard let found = field == HistoryField.quantity ? event.quantity : known[field] else { return nil }
            integer = found
            let units = (0..<scale).reduce(1.0) { units, _ in units * 10 }
            self.units = units
            number = Double(integer) / units
        case .doubles:
            guard let ratio = event.ratio else { return nil }
            number = ratio
        case .hashes:
            guard let customer = event.customer else { return nil }
            bytes = customer
        case .ones: break
        }
    }
}

/// The exact sum of doubles, rounded once: a Shewchuk expansion (Discrete Comput. Geom. 18, 1997), as in Python's
/// `math.fsum`.
enum ExactSum {
    static func of(_ values: some Sequence<Double>) -> Double {
        var partials: [Double] = []
        for value in values {
            var carried = value
            var kept = 0
            for index in partials.indices {
                var (larger, smaller) = (carried, partials[index])
                if larger.magnitude < smaller.magnitude { swap(&larger, &smaller) }
                let high = larger + smaller
                let low = smaller - (high - larger)
                if low != 0 {
                    partials[kept] = low
                    kept += 1
                }
                carried = high
            }
            partials.removeSubrange(kept...)
            partials.append(carried)
        }
        // The partials do not overlap and grow: from the largest down, all but the last step are exact enough for
        // 1e-15.
        return partials.reversed().reduce(0, +)
    }
}

/// Every feature that is not what the oracle says: event, feature, both values.
func differences(_ features: [[Double]], _ expected: [[ExpectedValue]]) -> [String] {
    guard features.count == expected.count else { return ["\(features.count) rows, \(expected.count) expected"] }
    var found: [String] = []
    for (row, (values, wanted)) in zip(features, expected).enumerated() {
        if values.count != wanted.count {
            found.append("event \(row): \(values.count) features, \(wanted.count) expected")
            continue
        }
        for (feature, (value, want)) in zip(values, wanted).enumerated() where !want.matches(value) {
            found.append("event \(row), feature \(feature): \(value), not \(want)")
        }
    }
    return found
}
