/// What a metric is, declared once: its handles, its place in the exposition and its line in the reference follow from it.
///
/// Names follow Prometheus: a counter ends in `_total`, and a unit stands before that (`_seconds`, `_bytes`).
public struct MetricSpec: Hashable, Sendable {
    /// How values come together.
    public enum Kind: Hashable, Sendable {
        /// Only rises while the process lives.
        case counter
        /// The latest value; not shown before there is one.
        case gauge
        /// How many values were at most as large as each bound; the bounds rise, and `+Inf` is not among them.
        case histogram(bounds: [Double])
    }

    public let name: String
    public let kind: Kind
    /// One sentence for the exposition and the reference.
    public let help: String
    public let labels: [MetricLabel]
    /// The most combinations of label values that are kept apart; all others share one series, `other`.
    public let seriesMax: Int

    /// - Parameter seriesMax: `nil`: as many as the labels' declared values allow, or `seriesMaxDefault` where a label
    ///   declares none.
    public init(_ name: String, _ kind: Kind, _ help: String, labels: [MetricLabel] = [], seriesMax: Int? = nil) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
        let declared = labels.reduce(1) { $0 * max(1, $1.values.count) }
        let isClosed = labels.allSatisfy { !$0.values.isEmpty }
        self.seriesMax = max(1, seriesMax ?? (isClosed ? declared : Self.seriesMaxDefault))
    }

    public static let seriesMaxDefault = 64

    /// Every combination of declared label values, which is shown from the start; empty where a label declares none.
    var declaredSeries: [[String]] {
        labels.reduce([[]]) { series, label in
            series.flatMap { values in label.values.map { values + [$0] } }
        }
    }
}

/// A label of a metric.
public struct MetricLabel: Hashable, Sendable {
    public let name: String
    /// All values that there are; empty: they are only known as they come.
    public let values: [String]

    public init(_ name: String, _ values: [String] = []) {
        self.name = name
        self.values = values
    }
}

extension MetricSpec {
    /// What keeps a metric from being exposed as Prometheus expects it; `nil`: nothing does.
    public var problem: String? {
        if !Self.isName(name) { return "\"\(name)\" is no name of a metric" }
        if help.isEmpty { return "\(name) says nothing of itself" }
        switch kind {
        case .counter: if !name.hasSuffix("_total") { return "\(name) is a counter and does not end in _total" }
        case .gauge: if name.hasSuffix("_total") { return "\(name) is no counter and ends in _total" }
        case .histogram(let bounds):
            if name.hasSuffix("_total") { return "\(name) is no counter and ends in _total" }
            if bounds.isEmpty || !bounds.allSatisfy(\.isFinite) || zip(bounds, bounds.dropFirst()).contains(where: >=) {
                return "\(name) has bounds that do not rise: \(bounds)"
            }
        }
        if let suffix = Self.reservedSuffixes.first(where: name.hasSuffix) { return "\(name) ends in \(suffix)" }
        for label in labels {
            if !Self.isName(label.name) || label.name.hasPrefix("__") || label.name == "le" {
                return "\(name) has a label \"\(label.name)\""
            }
        }
        if Set(labels.map(\.name)).count < labels.count { return "\(name) has a label twice" }
        return nil
    }

    /// What an exposition puts behind a histogram's name itself.
    private static let reservedSuffixes = ["_bucket", "_sum", "_count"]

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x5F: true
            default: false
            }
        }
    }
}
