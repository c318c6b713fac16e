import Events

@testable import Features

/// The semantics of windows, naively: every event looks through all that came before it.
///
/// An event with time t and watermark W (the newest accepted time up to and with it) sees, in a window of `length`
/// delayed by `delay`, what came before it in merge order with the same key, a time in (t - delay - length, t - delay],
/// and a time after W - horizon; and itself, without delay.
struct WindowOracle {
    let plan: HistoryPlan

    /// What each feature must be: see `ExpectedValue`.
    func features(_ events: [HistoryEvent]) -> [[ExpectedValue]] {
        var watermark = Int64.min
        var result: [[ExpectedValue]] = []
        // By entity and key, in merge order: indices of events that entered the state.
        var seen = plan.entities.map { _ in [HistoryKey: [Int]]() }
        for (index, event) in events.enumerated() {
            guard event.disposition.entersState else {
                result.append([])
                continue
            }
            watermark = max(watermark, event.time)
            var row = Array(repeating: ExpectedValue.exact(nil), count: plan.featureCount)
            for (entity, entityPlan) in plan.entities.enumerated() {
                let key = HistoryKey(event, entityPlan.keyField)
                var remembered: [Int] = []
                if let key {
                    remembered = seen[entity][key, default: []]
                    seen[entity][key, default: []].append(index)
                }
                let forgotten = watermark - entityPlan.horizonMicroseconds
                let candidates = remembered.filter { events[$0].time > forgotten }
                for (window, windowPlan) in entityPlan.windows.enumerated() {
                    let newest = event.time - windowPlan.delayMicroseconds
                    let oldest = newest - windowPlan.lengthMicroseconds
                    var visible = candidates.map { events[$0] }.filter { $0.time > oldest && $0.time <= newest }
                    if key != nil, windowPlan.delayMicroseconds == 0 { visible.append(event) }
                    for aggregate in entityPlan.aggregates where aggregate.window == window {
                        row[aggregate.feature.rawValue] = ExpectedValue(aggregate, entityPlan, visible)
                    }
                }
            }
            result.append(row)
        }
        return result
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
            guard let device = event.device else { return nil }
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

    init(_ aggregate: AggregatePlan, _ entity: EntityPlan, _ visible: [HistoryEvent]) {
        guard let column = aggregate.valueColumn else {
            self = .exact(Double(visible.count))
            return
        }
        switch entity.valueColumns[column].content {
        case .integers(let field, let scale, _):
            let values = visible.compactMap { event -> Int64? in
                if field == HistoryField.amount { return event.amount }
                return field == HistoryField.quantity ? event.quantity : (event.flag ? 1 : 0)
            }
            let sum = values.reduce(Int128(0)) { $0 + Int128($1) }
            let units = (0..<scale).reduce(1.0) { units, _ in units * 10 }
            if aggregate.function == .sum {
                self = .exact(Double(sum) / units)
            } else {
                self = .exact(values.isEmpty ? aggregate.defaultValue : Double(sum) / (Double(values.count) * units))
            }
        case .hashes, .ones: preconditionFailure("no oracle for \(aggregate.function)")
        case .doubles:
            let values = visible.compactMap(\.ratio)
            let sum = ExactSum.of(values)
            let scale = values.reduce(0) { $0 + $1.magnitude }
            if aggregate.function == .sum {
                self = .near(sum, scale: scale)
            } else if values.isEmpty {
                self = .exact(aggregate.defaultValue)
            } else {
                self = .near(sum / Double(values.count), scale: scale / Double(values.count))
            }
        }
    }

    func matches(_ value: Double) -> Bool {
        switch self {
        case .exact(nil): value.isNaN
        case .exact(let expected?): value == expected
        case .near(let expected, let scale): (value - expected).magnitude <= 1e-12 * scale
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
