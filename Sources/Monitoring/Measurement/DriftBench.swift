public import Drift

/// `riffle bench drift`: how often the deciding detector alarms when nothing moved, and how late when something did.
///
/// Every reference is drawn anew, and everything that the detector does is derived from it alone.
public struct DriftBench: Sendable {
    /// What is measured: the detector as it ships, or what it was before strata and tempering.
    public enum Form: String, CaseIterable, Sendable {
        /// Bounds of 1 % on each side; hours of the day and tempering where the reference shows the need.
        case shipped
        /// One null for all hours, bounds of 5 % for all thresholds together, no tempering.
        case plain
    }

    public var seed: UInt64 = 1
    /// Stationary events that each kind of stream is watched for, over all references.
    public var stationaryEvents = 50_000_000
    /// References of each kind; a change is planted equally often after each.
    public var references = 40
    public var changesEach = 5
    public var runLength = 1e6
    /// Events of a reference: of independent streams, and of those that have something to show (ten days).
    public var referenceEvents = 100_000
    public var longReferenceEvents = 864_000

    static let eventsBeforeChange = 20_000
    static let eventsAfterChange = 100_000

    public init() {}

    public struct Delays: Hashable, Sendable {
        public let change: String
        public let runs: Int
        public let detected: Int
        /// In events; nil: fewer than half of the changes were detected within 100,000 events.
        public let median: Int?
    }

    public struct Row: Hashable, Sendable {
        public let form: Form
        public let stream: String
        public let referenceEvents: Int
        public let stationaryEvents: Int
        public let falseAlarms: Int
        /// Of the reference with the most.
        public let falseAlarmsAtWorst: Int
        /// Exact 95 % bounds of the false alarms for each 100,000 events.
        public let rateBounds: ClosedRange<Double>
        /// References that told the hours of the day apart.
        public let byHour: Int
        /// The largest dispersion of a threshold, on average over references.
        public let dispersion: Double
        public let delays: [Delays]

        /// For each 100,000 events.
        public var rate: Double { Double(falseAlarms) / Double(stationaryEvents) * 1e5 }
    }

    /// The rows of all streams, each as it is measured.
    public func run(forms: [Form] = Form.allCases, _ onRow: (Row) -> Void) throws(ReferenceFault) {
        let tables = SimulatedScores.Tables()
        for (index, dependence) in SimulatedScores.Dependence.allCases.enumerated() {
            var tallies = forms.map { _ in Tally() }
            for reference in 0..<references {
                let trial = Trial(
                    bench: self, tables: tables, dependence: dependence, index: index * 10_000 + reference)
                let learned = try trial.reference()
                for (place, form) in forms.enumerated() { trial.measure(learned, form, into: &tallies[place]) }
            }
            for (place, form) in forms.enumerated() {
                onRow(tallies[place].row(form, dependence, self))
            }
        }
    }

    func events(ofReference dependence: SimulatedScores.Dependence) -> Int {
        dependence == .independent ? referenceEvents : longReferenceEvents
    }
}

extension DriftBench {
    /// What all references of one kind of stream gave.
    struct Tally {
        var stationaryEvents = 0
        var falseAlarms: [Int] = []
        var byHour = 0
        var dispersions: [Double] = []
        var delays: [SimulatedScores.Change: [Int?]] = [:]

        func row(_ form: Form, _ dependence: SimulatedScores.Dependence, _ bench: DriftBench) -> Row {
            let alarms = falseAlarms.reduce(0, +)
            let bounds = PoissonBounds(count: alarms)
            let scale = 1e5 / Double(max(1, stationaryEvents))
            return Row(
                form: form, stream: dependence.rawValue, referenceEvents: bench.events(ofReference: dependence),
                stationaryEvents: stationaryEvents, falseAlarms: alarms, falseAlarmsAtWorst: falseAlarms.max() ?? 0,
                rateBounds: bounds.lower * scale...bounds.upper * scale, byHour: byHour,
                dispersion: dispersions.reduce(0, +) / Double(max(1, dispersions.count)),
                delays: SimulatedScores.Change.allCases.map { change in
                    let runs = delays[change] ?? []
                    let detected = runs.compactMap { $0 }.sorted()
                    let middle = (runs.count - 1) / 2
                    return Delays(
                        change: change.rawValue, runs: runs.count, detected: detected.count,
                        median: detected.indices.contains(middle) ? detected[middle] : nil)
                })
        }
    }
}
