import Drift
import Events
import Foundation
import Generation
import Testing

@testable import Monitoring

/// References against the same counts by other means.
@Suite struct BaselineTests {
    /// A score as a test writes it down.
    struct Row {
        var time: Int64
        var score: Double?
        var amount: Double?
        var channel: String?
        var decision: String?
        var id = "0"
        var pipeline = "p"

        var text: String {
            let fields = "\"fields\":{\"channel\":\(channel.map { "\"\($0)\"" } ?? "null")}"
            return "{\"id\":\"\(id)\",\"pipeline\":\"\(pipeline)\",\"version\":\"v1\",\"event_time\":"
                + "\"\(TimeText.string(EventTime(microseconds: time)))\",\"score\":\(score.map { "\($0)" } ?? "null"),"
                + (decision.map { "\"decision\":\"\($0)\"," } ?? "")
                + "\"features\":{\"amount\":\(amount.map { "\($0)" } ?? "null")},\(fields)}\n"
        }
    }

    static let channels = ["web", "app", "pos", "kiosk"]
    static let start: Int64 = 1_700_000_000_000_000

    /// Ties, missing values of every kind, some late, over four days.
    static func rows(_ count: Int, seed: UInt64) -> [Row] {
        var random = RandomSource(seed: seed, stream: 3)
        return (0..<count).map { place in
            let isLate = random.unit() < 0.02
            let time = start + Int64(place) * 60_000_000 - (isLate ? 600_000_000 : 0)
            let rank = Int(4 * random.unit() * random.unit())
            return Row(
                time: time, score: random.unit() < 0.03 ? nil : (random.unit() * random.unit() * 1e4).rounded() / 1e4,
                amount: random.unit() < 0.05 ? nil : (random.unit() * random.unit() * 1e5).rounded() / 100,
                channel: random.unit() < 0.01 ? nil : channels[rank],
                decision: random.unit() < 0.01 ? nil : random.unit() < 0.1 ? "block" : "allow", id: "\(place)")
        }
    }

    static func settings(_ change: (inout MonitorPlan.Watch) -> Void = { _ in }) -> BaselineSettings {
        var watch = MonitorPlan.Watch()
        let channel = ScoreRecordSchema.Field(name: "channel", type: .string)
        watch.decisions = ["block", "allow"]
        watch.features = ["amount"]
        watch.fields = [channel]
        watch.segments = [channel]
        watch.segmentValuesMax = 2
        change(&watch)
        return BaselineSettings(pipeline: "p", watch: watch)
    }

    static func outcome(
        _ settings: BaselineSettings, _ texts: [String], labels: LabelTable? = nil
    ) throws -> (Baseline.Outcome, Baseline) {
        let baseline = Baseline(settings)
        baseline.labels = labels
        let records = settings.records
        for (number, text) in texts.enumerated() {
            let reader = try ScoreFileReader(
                TextSource(text, pieceBytes: 4_000), name: "rows \(number)", features: records.features,
                fields: records.fields, rowID: .init(name: "payment", type: .int))
            try baseline.read(reader)
        }
        return (try baseline.finish(), baseline)
    }

    @Test(arguments: [1, 2] as [UInt64]) func everySeriesIsCountedAsByHand(seed: UInt64) throws {
        let rows = Self.rows(6_000, seed: seed)
        let text = rows.map(\.text).joined()
        let (outcome, _) = try Self.outcome(Self.settings(), [text])
        let reference = outcome.reference
        #expect(outcome.empty.isEmpty && outcome.leftOutRows == 0, "seed \(seed)")
        #expect(reference.origin?.events == 6_000 && reference.origin?.versions == ["v1": 6_000])
        #expect(reference.fromMilliseconds == (rows.map(\.time).min() ?? 0) / 1_000)
        #expect(reference.toMilliseconds == (rows.map(\.time).max() ?? 0) / 1_000)

        let score = try #require(reference.series["score"])
        #expect(score.grid == .scores && score.counts == Self.counts(rows.compactMap(\.score), on: .scores))
        #expect(score.missingCount == rows.count { $0.score == nil })
        #expect(score.seen?.upperBound == rows.compactMap(\.score).max())
        let amount = try #require(reference.series["amount"])
        let amounts = rows.compactMap(\.amount)
        #expect(amount.grid.cellCount <= GridChoice.cellsMax && amount.counts == Self.counts(amounts, on: amount.grid))
        #expect(amount.seen == (amounts.min() ?? 0)...(amounts.max() ?? 0))

        let channel = try #require(reference.series["channel"])
        let ranked = Self.channels.sorted { left, right in
            rows.count { $0.channel == left } > rows.count { $0.channel == right }
        }
        #expect(channel.categories == ranked)
        #expect(channel.counts == ranked.map { name in rows.count { $0.channel == name } } + [0])
        for (name, isIn) in [
            ("{channel=\(ranked[0])}", { $0.channel == ranked[0] }),
            ("{channel=(other)}", { !ranked[..<2].contains($0.channel ?? "-") }),
        ] as [(String, (Row) -> Bool)] {
            let own = try #require(reference.series["amount" + name], "\(name)")
            #expect(own.grid == amount.grid)
            #expect(own.counts == Self.counts(rows.filter(isIn).compactMap(\.amount), on: own.grid), "\(name)")
        }
        #expect(reference.origin?.segments == ["channel": Array(ranked[..<2])])
        #expect(reference.series["score{channel=\(ranked[2])}"] == nil)

        let blocked = rows.filter { $0.decision == "block" }.count
        #expect(reference.series["decision=block"]?.counts == [rows.count { $0.decision == "allow" }, blocked])
        let missing = rows.count { $0.amount == nil }
        #expect(reference.series["missing(amount)"]?.counts == [6_000 - missing, missing])
        let late = Self.lateCount(rows)
        #expect(late > 20 && outcome.lateRows == late)
        #expect(reference.series["late"]?.counts == [6_000 - late, late])
        #expect(reference.series["positives"] == nil && reference.origin?.labels == nil)
    }

    static func counts(_ values: [Double], on grid: ValueGrid) -> [Int] {
        var counts = Array(repeating: 0, count: grid.cellCount)
        for (place, value) in values.enumerated() {
            let own = grid.cell(of: value) ?? -1
            counts[own] += 1
            // Not of all: to look at each cell takes its time.
            guard place % 50 == 0 else { continue }
            let distances = (0..<grid.cellCount).map { abs(grid.value(ofCell: $0) - value) }
            #expect(distances[own] <= (distances.min() ?? 0) + 1e-9)
        }
        return counts
    }

    private static func lateCount(_ rows: [Row]) -> Int {
        var (count, newest) = (0, Int64.min)
        for row in rows {
            let bucketEnd = (row.time / 60_000_000 + 1) * 60_000_000
            if newest != .min, bucketEnd <= newest - 60_000_000 { count += 1 }
            newest = max(newest, row.time)
        }
        return count
    }

    /// What is chosen from a part and then only counted is the same reference where the part shows all there is.
    @Test func theFirstPartDecidesWhatTheRestIsCountedOn() throws {
        let text = Self.rows(12_000, seed: 4).map { row in
            var row = row
            row.amount = row.amount.map { ($0 / 100).rounded() }
            return row.text
        }.joined()
        let (whole, _) = try Self.outcome(Self.settings(), [text])
        var settings = Self.settings()
        settings.choiceRowsMax = 4_000
        let (part, _) = try Self.outcome(settings, [text])
        for name in ["score", "amount", "channel", "amount{channel=web}", "decision=allow", "missing(score)"] {
            #expect(part.reference.series[name] == whole.reference.series[name], "\(name)")
        }
        let unseen = try #require(part.reference.series["unseen(channel)"])
        #expect(unseen.eventCount > (whole.reference.series["unseen(channel)"]?.eventCount ?? .max))
        // A history in two files is that of both, each with its own order.
        let lines = text.split(separator: "\n").map { $0 + "\n" }
        let (halves, _) = try Self.outcome(
            Self.settings(), [lines[..<6_000].joined(), lines[6_000...].joined()])
        #expect(halves.reference.series["amount"] == whole.reference.series["amount"])
        let again = try Self.outcome(Self.settings(), [text]).0.reference
        #expect(try again.encoded() == whole.reference.encoded())
    }

    /// Values that only the later half has are the rate of what is new.
    @Test func whatIsNewIsJudgedByTheEarlierHalf() throws {
        var rows: [Row] = []
        for place in 0..<8_192 {
            var row = Row(
                time: Self.start + Int64(place) * 1_000_000, score: 0.5, amount: Double(place % 50), channel: "old",
                decision: "allow")
            if place >= 4_096, place % 10 == 0 { row.amount = 1_000 + Double(place) }
            if place >= 4_096, place % 20 == 0 { row.channel = "new" }
            rows.append(row)
        }
        let (outcome, _) = try Self.outcome(Self.settings(), [rows.map(\.text).joined()])
        let series = outcome.reference.series
        let news = (4_096..<8_192).count { $0 % 20 == 0 }
        let beyond = (4_096..<8_192).count { $0 % 10 == 0 }
        #expect(series["unseen(channel)"]?.counts == [4_096 - news, news])
        #expect(series["out_of_range(amount)"]?.counts == [4_096 - beyond, beyond])
    }

    @Test func labelsGivePrecisionAndRecall() throws {
        var rows = Self.rows(3_000, seed: 6)
        for place in rows.indices where place % 3 == 0 { rows[place].decision = nil }
        var labels = LabelTable()
        for place in 0..<2_000 {
            let isAdded = labels.add(id: "\(place)".utf8, isPositive: place % 5 == 0)
            #expect(isAdded)
        }
        let isRoom = labels.add(id: "0".utf8, isPositive: false)
        #expect(isRoom && labels.contradictionCount == 1 && labels.repeatCount == 1 && labels.count == 2_000)
        let (outcome, _) = try Self.outcome(Self.settings(), [rows.map(\.text).joined()], labels: labels)
        let series = outcome.reference.series
        let known = rows.prefix(2_000).enumerated()
        let positives = known.filter { $0.offset % 5 == 0 }
        #expect(outcome.reference.origin?.labels == .init(labelled: 2_000, positive: 400))
        #expect(series["positives"]?.counts == [1_600, 400])
        let blocked = known.filter { $0.element.decision == "block" }
        let right = blocked.filter { $0.offset % 5 == 0 }.count
        #expect(series["precision(block)"]?.counts == [blocked.count - right, right])
        #expect(series["recall(block)"]?.counts == [positives.count - right, right])
    }

    /// Rows of `riffle replay` say the same, as lines and as a table.
    @Test func rowsOfReplayMakeTheSameReference() throws {
        let rows = Self.rows(2_000, seed: 7)
        let (records, _) = try Self.outcome(Self.settings(), [rows.map(\.text).joined()])
        func cell(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let table = rows.map { row in
            "\(row.id),\(TimeText.string(EventTime(microseconds: row.time))),\(cell(row.amount)),\(cell(row.score)),"
                + "\(row.decision ?? ""),\(row.channel ?? "")\n"
        }
        func text(_ value: String?) -> String { value.map { "\"\($0)\"" } ?? "null" }
        let lines = rows.map { row -> String in
            let time = TimeText.string(EventTime(microseconds: row.time))
            let amount = row.amount.map { "\($0)" } ?? "null"
            let score = row.score.map { "\($0)" } ?? "null"
            return "{\"payment\":\(row.id),\"event_time\":\"\(time)\",\"amount\":\(amount),\"score\":\(score),"
                + "\"decision\":\(text(row.decision)),\"fields\":{\"channel\":\(text(row.channel))}}\n"
        }
        var labels = LabelTable()
        let isRoom = labels.add(id: "17".utf8, isPositive: true)
        #expect(isRoom)
        for text in ["payment,event_time,amount,score,decision,fields.channel\n" + table.joined(), lines.joined()] {
            let (other, _) = try Self.outcome(Self.settings(), [text], labels: labels)
            #expect(other.reference.series["positives"]?.counts == [0, 1])
            for (name, series) in records.reference.series {
                #expect(other.reference.series[name] == series, "\(name)")
            }
        }
    }

    @Test func rowsThatDoNotCountAreCounted() throws {
        var rows = Self.rows(100, seed: 8)
        rows[3].pipeline = "another"
        var settings = Self.settings()
        settings.from = EventTime(microseconds: rows[10].time)
        settings.before = EventTime(microseconds: rows[90].time)
        let text = rows.map(\.text).joined() + "{\"pipeline\":\"p\",\"event_time\":7}\n"
        let (outcome, baseline) = try Self.outcome(settings, [text])
        #expect(baseline.foreignRows == 1 && baseline.faultyRows == 1)
        let inside = rows.enumerated().count { place, row in
            place != 3 && row.time >= rows[10].time && row.time < rows[90].time
        }
        #expect(baseline.rows == inside && outcome.reference.origin?.events == inside)
        #expect(baseline.outsideRows == 99 - inside)
    }

    @Test func rowsThatFollowEachOtherAreRuns() {
        #expect(BaselineCounts.runs(of: []).isEmpty)
        #expect(BaselineCounts.runs(of: [3]) == [3..<4])
        #expect(BaselineCounts.runs(of: [0, 1, 2, 5, 7, 8]) == [0..<3, 5..<6, 7..<9])
    }

    /// Lines that are no scores among those that are: no column of theirs is read.
    @Test func faultyLinesChangeNothing() throws {
        let rows = Self.rows(1_000, seed: 10)
        let clean = try Self.outcome(Self.settings(), [rows.map(\.text).joined()]).0.reference
        var text = ""
        for (place, row) in rows.enumerated() {
            if place > 0, place % 3 == 0 { text += "{\"event_time\":null,\"fields\":{\"channel\":7}}\n" }
            text += row.text
        }
        let (outcome, baseline) = try Self.outcome(Self.settings(), [text])
        #expect(baseline.faultyRows == 333)
        #expect(outcome.reference.series == clean.series)
    }

    @Test func withoutScoresThereIsNoReference() throws {
        #expect(throws: ReferenceFault.self) { try Baseline(Self.settings()).finish() }
        let empty = Row(time: Self.start, score: nil, amount: nil, channel: nil, decision: nil)
        #expect(throws: ReferenceFault.self) {
            try Self.outcome(Self.settings { $0.decisions = [] }, [empty.text])
        }
        // What has no value is said, and the rest is made.
        var some = empty
        some.score = 0.25
        let (outcome, _) = try Self.outcome(Self.settings(), [some.text])
        #expect(outcome.empty == ["amount", "channel"] && outcome.reference.series["score"]?.eventCount == 1)
    }

    @Test func hoursAreWholeOnes() throws {
        var rows: [Row] = []
        for (hour, count) in [3, 10, 0, 20, 5].enumerated() {
            for place in 0..<count {
                rows.append(
                    Row(
                        time: 3_600_000_000 * Int64(hour) + Int64(place) * 1_000_000, score: 0.5, amount: 1,
                        channel: "web", decision: nil))
            }
        }
        let (outcome, _) = try Self.outcome(Self.settings(), [rows.map(\.text).joined()])
        #expect(outcome.reference.origin?.hourly == .init(hours: 3, mean: 10, least: 0, most: 20))
    }

    /// A file that was made is a file that can be read, whatever is in its names.
    @Test func whatIsMadeIsRead() throws {
        var rows = Self.rows(500, seed: 9)
        for place in rows.indices { rows[place].channel = ["é", "e\u{301}", "a}b", "{=", "\\u0000"][place % 5] }
        let (outcome, _) = try Self.outcome(Self.settings { $0.segmentValuesMax = 5 }, [rows.map(\.text).joined()])
        let read = try ReferenceFile(reading: outcome.reference.encoded())
        #expect(read == outcome.reference)
    }
}
