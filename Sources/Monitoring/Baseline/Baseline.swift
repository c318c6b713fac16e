public import Drift
public import Events

/// Makes a reference of a history of scores: `riffle baseline`.
///
/// The first scores are held in memory, until grids, categories and segments are chosen from them; then all are counted,
/// and nothing of them is kept but counts. Deterministic: of the same scores in the same order comes the same reference.
public final class Baseline {
    public let settings: BaselineSettings
    /// What events were, where that is known.
    public var labels: LabelTable?
    /// `nil`: nobody asks for dead letters.
    private var deadLetters: DeadLetterTally?
    public var deadLetterCount: Int? { deadLetters?.letterCount }
    /// Rows that count, and those that do not: of other pipelines, outside of the times asked for, with a fault.
    public private(set) var rows = 0
    public private(set) var foreignRows = 0
    public private(set) var outsideRows = 0
    public private(set) var faultyRows = 0

    private typealias Held = (batch: EventBatch, rows: [Int])
    private var held: [Held] = []
    private var heldRows = 0
    private var heldBytes = 0
    private var choice: BaselineChoice?
    private var counts: BaselineCounts?
    private var versions: [String: Int] = [:]
    private var hours = HourlyTally()
    /// By source and lane: the highest event time.
    private var highest: [Int: Int64] = [:]
    private var firstLane = 0
    private let pipeline: [UInt8]

    public init(_ settings: BaselineSettings) {
        self.settings = settings
        pipeline = Array(settings.pipeline.utf8)
    }

    // MARK: - Rows

    private static let batchRows = 4_096

    /// Reads a source to its end; several are read one after the other, each by itself in the order of its lanes.
    ///
    /// - Parameter onRows: called with all rows so far, now and then.
    public func read(_ source: any ScoreSource, onRows: (Int) -> Void = { _ in }) throws {
        var spare: EventBatch?
        var lanes = 0
        while true {
            let batch = spare ?? EventBatch(schema: source.schema, capacity: Self.batchRows)
            batch.removeAll()
            try source.fill(batch)
            if batch.count == 0 { break }
            for row in 0..<batch.count { lanes = max(lanes, Int(batch.lanes[row]) + 1) }
            add(batch)
            spare = counts == nil ? nil : batch
            onRows(rows)
        }
        firstLane += max(1, lanes)
    }

    /// Counts dead letters to their end; call it before scores are read.
    ///
    /// - Parameter fill: adds rows to an empty batch of `DeadLetterColumns.schema`; none: it was all.
    public func readDeadLetters(_ fill: (EventBatch) throws -> Void) throws {
        precondition(rows == 0, "dead letters behind scores")
        var tally = deadLetters ?? DeadLetterTally(settings)
        let batch = EventBatch(schema: DeadLetterColumns.schema, capacity: Self.batchRows)
        repeat {
            batch.removeAll()
            try fill(batch)
            tally.add(batch)
        } while batch.count > 0
        deadLetters = tally
    }

    private func add(_ batch: EventBatch) {
        let usable = (0..<batch.count).filter { isUsable($0, of: batch) }
        rows += usable.count
        if counts != nil { return count(batch, usable, known: .reference) }
        held.append((batch, usable))
        heldRows += usable.count
        heldBytes += batch.capacity * (batch.schema.fields.count * 9 + 48) + batch.stringBytesCapacity
        if heldRows >= settings.choiceRowsMax || heldBytes >= settings.choiceBytesMax { choose() }
    }

    private func isUsable(_ row: Int, of batch: EventBatch) -> Bool {
        if batch.faults[row].code != .none {
            faultyRows += 1
            return false
        }
        if batch.presence[ScoreRecordSchema.pipeline.rawValue][row] == Presence.present,
            !batch.string(ScoreRecordSchema.pipeline, row: row).elementsEqual(pipeline)
        {
            foreignRows += 1
            return false
        }
        let time = batch.eventTimes[row]
        if time < settings.from?.microseconds ?? .min || time >= settings.before?.microseconds ?? .max {
            outsideRows += 1
            return false
        }
        return true
    }

    /// Ends the first part: what was held is counted.
    private func choose() {
        let choice = BaselineChoice(held, settings: settings)
        self.choice = choice
        counts = BaselineCounts(
            layout: choice.layout, decisions: settings.watch.decisions, cellsMax: settings.cellsMax)
        let first = held
        held = []
        var passed = 0
        for (batch, usable) in first {
            // What the earlier half has is not new to the later.
            passed += usable.count
            count(batch, usable, known: passed <= heldRows / 2 ? .none : .known(choice.known))
        }
    }

    private func count(_ batch: EventBatch, _ usable: [Int], known: BaselineCounts.Novelty) {
        counts?.add(batch, rows: usable, known: known)
        for row in usable {
            let time = batch.eventTimes[row]
            hours.add(time)
            counts?.add(isLate: isLate(time, lane: firstLane + Int(batch.lanes[row])), at: time)
            deadLetters?.addScore(at: time)
            countVersion(batch, row: row)
            countLabel(batch, row: row)
        }
    }

    /// As the monitor has it: its bucket ended before its lane's watermark.
    private func isLate(_ time: Int64, lane: Int) -> Bool {
        let width = settings.bucketMicroseconds
        let end = time - ((time % width) + width) % width + width
        guard let newest = highest[lane] else {
            highest[lane] = time
            return false
        }
        highest[lane] = max(newest, time)
        return end <= newest - settings.lateMicroseconds
    }

    private func countVersion(_ batch: EventBatch, row: Int) {
        guard batch.presence[ScoreRecordSchema.version.rawValue][row] == Presence.present else { return }
        let version = String(decoding: batch.string(ScoreRecordSchema.version, row: row), as: UTF8.self)
        let isRoom = versions.count < ReferenceOrigin.versionsMax && version.utf8.count <= ReferenceOrigin.textBytesMax
        if isRoom || versions[version] != nil { versions[version, default: 0] += 1 }
    }

    private func countLabel(_ batch: EventBatch, row: Int) {
        guard let labels, let id = batch.identity(ScoreRecordSchema.id, row: row),
            let isPositive = labels.isPositive(id: id)
        else { return }
        counts?.add(isPositive: isPositive, of: batch, row: row)
    }

    // MARK: - The reference

    /// What was made, and what there is to say about it.
    public struct Outcome: Sendable {
        public let reference: ReferenceFile
        /// What is to be watched and has no value in the history.
        public let empty: [String]
        public let lateRows: Int
        /// Scores for whose hours there was no room in some series.
        public let leftOutRows: Int
    }

    /// - Throws: `ReferenceFault`, where the history has nothing that could be watched.
    public func finish() throws(ReferenceFault) -> Outcome {
        if counts == nil { choose() }
        guard let counts, let choice, let span = hours.span else {
            throw ReferenceFault("a reference needs scores: the history has none")
        }
        var series = try counts.series(quality: settings.watch.quality)
        if settings.watch.quality, let deadLetters {
            series[SeriesName(.deadLetters).description] = try deadLetters.reference(
                within: span, cellsMax: settings.cellsMax)
        }
        guard !choice.layout.subjects.isEmpty || !settings.watch.decisions.isEmpty else {
            throw ReferenceFault("the history has no value of anything that is to be watched")
        }
        guard series.count <= ReferenceFile.seriesMax else {
            throw ReferenceFault(
                "\(series.count) series: at most \(ReferenceFile.seriesMax) are kept; watch fewer features or segments")
        }
        let cells = series.values.reduce(0) { $0 + $1.grid.cellCount * $1.strata.count }
        guard cells <= ReferenceFile.cellsMax else {
            throw ReferenceFault(
                "\(cells) cells of all series: at most \(ReferenceFile.cellsMax) are kept; watch fewer features or segments"
            )
        }
        let segments = Dictionary(
            choice.layout.segments.map { ($0.name, $0.table.values) }, uniquingKeysWith: { first, _ in first })
        return Outcome(
            reference: ReferenceFile(
                pipeline: settings.pipeline, fromMilliseconds: BaselineCounts.milliseconds(span.lowerBound),
                toMilliseconds: BaselineCounts.milliseconds(span.upperBound), series: series,
                origin: ReferenceOrigin(
                    model: settings.model, versions: versions, events: rows, hourly: hours.whole, labels: counts.labels,
                    segments: segments), calibration: counts.calibration),
            empty: choice.empty, lateRows: counts.lateCount, leftOutRows: counts.leftOutMax)
    }
}

/// Events by hour.
struct HourlyTally {
    private var events: [Int64: Int] = [:]
    private(set) var span: ClosedRange<Int64>?
    private static let hour: Int64 = 3_600_000_000
    /// Hours beyond so many are not counted one by one.
    private static let hoursMax = 1_000_000

    mutating func add(_ microseconds: Int64) {
        span = min(span?.lowerBound ?? microseconds, microseconds)...max(span?.upperBound ?? microseconds, microseconds)
        let hour = Self.number(microseconds)
        if events.count < Self.hoursMax || events[hour] != nil { events[hour, default: 0] += 1 }
    }

    private static func number(_ microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: hour)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Of the hours between the first and the last, which are not whole. `nil`: there are none, or too many.
    var whole: ReferenceOrigin.HourlyEvents? {
        guard let span, events.count < Self.hoursMax else { return nil }
        let (first, last) = (Self.number(span.lowerBound), Self.number(span.upperBound))
        guard last - first >= 2, last - first < Int64(Self.hoursMax) else { return nil }
        var (total, least, most) = (0, Int.max, 0)
        for hour in (first + 1)..<last {
            let count = events[hour] ?? 0
            total += count
            least = min(least, count)
            most = max(most, count)
        }
        let hours = Int(last - first) - 1
        return .init(hours: hours, mean: Double(total) / Double(hours), least: least, most: most)
    }
}
