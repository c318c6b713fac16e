public import Drift

/// The deciding detector over a stream of numbers that has no times: batches of so many numbers take the place of
/// buckets of event time, and all hours of a reference count as one.
public struct SequentialRun: Sendable {
    /// `NAME=VALUE` settings.
    public struct Settings: Hashable, Sendable {
        /// The path of what it was like before: a reference file, or numbers.
        public var reference: String
        /// Of a reference file.
        public var series: String
        /// Numbers between false alarms, on average.
        public var falseAlarms: Double
        public var batch: Int

        public static let falseAlarmsRange = 100.0...1e12
        public static let batchRange = 1...1_000_000
        private static let names = ["reference", "series", "false_alarms", "batch"]

        /// - Throws: `DetectorRefusal` for a setting that is not known, given twice or out of its range, and where there is
        ///   no reference.
        public init(_ given: [(name: String, value: String)]) throws(DetectorRefusal) {
            var values: [String: String] = [:]
            for (name, value) in given {
                guard Self.names.contains(name) else {
                    let known = Self.names.joined(separator: ", ")
                    throw DetectorRefusal("\(SequentialRun.name) has no parameter \"\(name)\"; it has \(known)")
                }
                guard values.updateValue(value, forKey: name) == nil else {
                    throw DetectorRefusal("\(SequentialRun.name): \(name) is given twice")
                }
            }
            guard let reference = values["reference"], !reference.isEmpty else {
                throw DetectorRefusal(
                    "\(SequentialRun.name) needs a reference: --param reference=FILE, made by `riffle baseline`, or numbers of "
                        + "a time when nothing moved")
            }
            self.reference = reference
            series = values["series"] ?? "score"
            falseAlarms = try Self.number("false_alarms", values, otherwise: 1_000_000, in: Self.falseAlarmsRange)
            let batches = Double(Self.batchRange.lowerBound)...Double(Self.batchRange.upperBound)
            let batch = try Self.number("batch", values, otherwise: 50, in: batches)
            guard batch == batch.rounded() else {
                throw DetectorRefusal(
                    "\(SequentialRun.name): batch is \"\(values["batch"] ?? "")\", but is a whole number")
            }
            self.batch = Int(batch)
        }

        private static func number(
            _ name: String, _ values: [String: String], otherwise: Double, in range: ClosedRange<Double>
        ) throws(DetectorRefusal) -> Double {
            guard let text = values[name] else { return otherwise }
            guard let value = Double(text.filter { $0 != "_" }), range.contains(value) else {
                throw DetectorRefusal(
                    "\(SequentialRun.name): \(name) is \"\(text)\", but may be \(Int(range.lowerBound)) to \(Int(range.upperBound))"
                )
            }
            return value
        }
    }

    public static let name = "esr"
    /// For a command's help.
    public static let list = """
        \(name)           the deciding detector: any change, at a stated rate of false alarms
          reference=FILE: a reference file, or numbers of a time when nothing moved (as the stream has them)
          series=score: of a reference file
          false_alarms=1000000: numbers between false alarms, on average (100 to 10^12)
          batch=50: so many numbers are looked at together (1 to 1000000)
        """

    /// What an alarm says.
    public struct Change: Hashable, Sendable, Encodable {
        /// The position of the number with which the alarm was raised.
        public var alarm: Int
        /// About where the change was.
        public var since: Int
        /// More (`up`) or fewer (`down`) numbers are above this value than were in the reference.
        public var threshold: Double
        public var direction: String
        /// By how much the odds of being above it are taken to have changed.
        public var oddsRatio: Double

        private enum CodingKeys: String, CodingKey {
            case alarm, since, threshold, direction
            case oddsRatio = "odds_ratio"
        }
    }

    private let grid: ValueGrid
    private let bins: [UInt8]
    private let batch: Int
    private var detector: SequentialDetector
    private var bucket: BucketCounts

    /// - Parameter settings: its `reference` has been read.
    public init(_ reference: SeriesReference, _ settings: Settings) {
        let reference = reference.withoutStrata()
        let bets = reference.bets()
        grid = reference.grid
        bins = bets.bins(ofCells: grid.cellCount)
        batch = settings.batch
        detector = SequentialDetector(bets: bets, runLength: settings.falseAlarms)
        bucket = BucketCounts(binCount: bets.binCount)
    }

    /// A reference from numbers in their order, all as if of one hour.
    ///
    /// The grid is that of scores where all numbers are between 0 and 1, else one that is chosen from them.
    /// - Throws: `ReferenceFault`, where there is no number.
    public static func reference(of numbers: [Double]) throws(ReferenceFault) -> SeriesReference {
        let areShares = numbers.allSatisfy { (0...1).contains($0) }
        guard let grid = areShares ? .scores : GridChoice.grid(of: numbers) else {
            throw ReferenceFault("the reference's numbers are too far apart: their distance is no finite number")
        }
        var history = ReferenceHistory(grid: grid)
        for number in numbers { history.add(number, at: 0) }
        return try SeriesReference(history)
    }

    /// Takes all numbers of a reader; what is left over at the end is a batch, too. After an alarm it begins anew.
    ///
    /// - Parameters:
    ///   - keeps: whether alarms are kept in the summary, rather than told only.
    ///   - onAlarm: called with each alarm's position as it is raised.
    /// - Throws: what the reader throws.
    public mutating func run(
        _ reader: NumberReader, keeps: Bool = true, onAlarm: (Int) -> Void = { _ in }
    ) throws -> DetectorRun.Summary {
        var summary = DetectorRun.Summary(detector: Self.name)
        var changes: [Change] = []
        func close() {
            guard detector.close(bucket) else { return bucket.removeAll() }
            bucket.removeAll()
            let alarm = summary.values - 1
            onAlarm(alarm)
            if keeps {
                summary.alarms.append(alarm)
                changes.append(change(at: alarm))
            }
            detector.reset()
        }
        while let value = try reader.next() {
            // No reader gives a NaN.
            if let cell = grid.cell(of: value) { bucket.add(bin: Int(bins[cell])) }
            summary.values += 1
            if bucket.eventCount == batch { close() }
        }
        if bucket.eventCount > 0 { close() }
        summary.missing = reader.missingCount
        summary.changes = changes
        return summary
    }

    private func change(at alarm: Int) -> Change {
        let lead = detector.lead
        return Change(
            alarm: alarm, since: max(0, alarm + 1 - Int(lead.eventsSinceChange)),
            threshold: grid.value(ofCell: lead.cell),
            direction: lead.component.direction.rawValue, oddsRatio: lead.component.oddsRatio)
    }
}

extension SeriesReference {
    /// The same history with one null for all hours.
    fileprivate func withoutStrata() -> SeriesReference {
        guard strata.count > 1 else { return self }
        let whole = Stratum(
            counts: counts, boundingEvents: strata.reduce(0) { $0 + $1.boundingEvents },
            exceedances: thresholds.indices.map { place in strata.reduce(0) { $0 + $1.exceedances[place] } })
        do {
            return try SeriesReference(
                reading: grid, strata: [whole], missingCount: missingCount, thresholds: thresholds,
                dispersion: dispersion, hourCount: hourCount, seen: seen, categories: categories)
        } catch {
            preconditionFailure("the sum of sound strata is not sound: \(error)")
        }
    }
}
