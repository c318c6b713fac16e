/// Prometheus' text exposition format, version 0.0.4.
extension MetricRegistry {
    /// For HTTP answers.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics that have a value, as text; ends with a line feed.
    ///
    /// Complexity: O(series); counting goes on meanwhile.
    public func text() -> String {
        var text = ""
        for (spec, series) in snapshot() {
            var lines = ""
            for one in series { append(one, of: spec, to: &lines) }
            if lines.isEmpty { continue }
            text += "# HELP \(spec.name) \(Self.escaped(spec.help, quotes: false))\n"
            text += "# TYPE \(spec.name) \(spec.kind.name)\n\(lines)"
        }
        return text
    }

    private func append(_ series: MetricSeries, of spec: MetricSpec, to lines: inout String) {
        let labels = constantLabels.map { ($0.name, $0.value) } + zip(spec.labels.map(\.name), series.labelValues)
        switch series {
        case let counter as CounterSeries:
            lines += Self.line(spec.name, labels, counter.value)
        case let gauge as GaugeSeries:
            if let value = gauge.value { lines += Self.line(spec.name, labels, value) }
        case let histogram as HistogramSeries:
            guard case .histogram(let bounds) = spec.kind else { return }
            let (upTo, all) = histogram.cumulative()
            for (bound, count) in zip(bounds, upTo) {
                lines += Self.line("\(spec.name)_bucket", labels + [("le", Self.number(bound))], Double(count))
            }
            lines += Self.line("\(spec.name)_bucket", labels + [("le", "+Inf")], Double(all))
            lines += Self.line("\(spec.name)_sum", labels, histogram.sum)
            lines += Self.line("\(spec.name)_count", labels, Double(all))
        default: return
        }
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        let inner = labels.map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
        return "\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(number(value))\n"
    }

    /// As Go reads floats, whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        // Up to 2^53 every whole number is a double.
        if value == value.rounded(), abs(value) <= 9_007_199_254_740_992 { return "\(Int64(value))" }
        return "\(value)"
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

extension MetricSpec.Kind {
    /// As the exposition calls it.
    public var name: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
