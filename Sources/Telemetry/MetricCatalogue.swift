/// The metrics that a process may expose: an explicit list that is handed to the registry.
public struct MetricCatalogue: Sendable {
    public let specs: [MetricSpec]
    private let byName: [String: MetricSpec]

    /// Traps where a metric is declared twice or cannot be exposed: that is a mistake in the program.
    public init(_ specs: [MetricSpec]) {
        var byName: [String: MetricSpec] = [:]
        for spec in specs {
            if let problem = spec.problem { preconditionFailure(problem) }
            precondition(byName.updateValue(spec, forKey: spec.name) == nil, "\(spec.name) is declared twice")
        }
        self.specs = specs
        self.byName = byName
    }

    public subscript(name: String) -> MetricSpec? { byName[name] }
}
