import Events
import Testing

@testable import Engine

/// The merge as one can see it: lanes are lines of event times, `!` before a time makes the event a fault, and what
/// comes out is the lanes' letters with the times in merge order. `|` at the end: the lane is at its end. `~`: the
/// merge waits.
struct LaneMergeTests {
    @Test func timesDecideAndTiesGoToTheLesserLane() {
        expect(["1 4 4 6 |", "2 4 5 |"], "a1 b2 a4 a4 b4 b5 a6")
        expect(["5 |", "5 |", "5 |"], "a5 b5 c5")
        expect(["", "1 2 |"], "~")
        expect(["|", "1 2 |"], "b1 b2")
        expect(["|", "|"], "")
    }

    @Test func aLaneNeverStepsBack() {
        // 2 comes behind 7: its turn is when 7's is.
        expect(["1 7 2 8 |", "3 7 9 |"], "a1 b3 a7 a2 b7 a8 b9")
    }

    @Test func aFaultMovesNothing() {
        expect(["1 !99 3 |", "2 4 |"], "a1 a!99 b2 a3 b4")
        expect(["!99 !98 1 |", "0 2 |"], "a!99 a!98 b0 a1 b2")
    }

    @Test func theLaneThatRanDryIsWaitedFor() {
        expect(["1 4", "2 3 9 |"], "a1 b2 b3 a4 ~")
        expect(["1 4", "2 3"], "a1 b2 b3 ~")
    }

    @Test func theLimitCutsARunAnywhere() {
        for limit in 1...7 { expect(["1 2 5 6 |", "3 4 5 |"], "a1 a2 b3 b4 a5 b5 a6", limit: limit) }
    }

    @Test func aWaitEndsWhenTheLaneBrings() {
        var line = TimeLine(lanes: 2, waitMilliseconds: 200)
        line.arrive(0, "1")
        line.arrive(1, "2 6 |")
        #expect(line.run(at: 0) == "a1 ~")
        #expect(line.run(at: 199) == "~")
        line.arrive(0, "5")
        #expect(line.run(at: 199) == "b2 a5 ~")
        // A wait of its own begins.
        #expect(line.run(at: 398) == "~")
        #expect(line.run(at: 399) == "b6")
        #expect(line.expiries == 1)
        #expect(line.waits(0) == "2 begun, 399 ms, 1 expired")
        #expect(line.waits(1) == "0 begun, 0 ms, 0 expired")
    }

    /// Each lane has the time for which it was waited for, that of a wait under way included.
    @Test func whoIsWaitedForIsKnown() {
        var line = TimeLine(lanes: 3, waitMilliseconds: 1_000)
        line.arrive(0, "1 5")
        #expect(line.run(at: 10) == "~")
        #expect(line.run(at: 40) == "~")
        #expect(line.waits(1) == "1 begun, 30 ms, 0 expired")
        line.arrive(1, "2 |")
        #expect(line.run(at: 70) == "~")
        #expect(line.waits(1) == "1 begun, 60 ms, 0 expired")
        line.arrive(2, "3 |")
        #expect(line.run(at: 100) == "a1 b2 c3 a5")
        #expect(line.waits(2) == "1 begun, 90 ms, 0 expired")
        // Nothing waits where nobody has anything.
        #expect(line.run(at: 500) == "")
        #expect(
            (0..<3).map { line.waits($0) } == [
                "0 begun, 0 ms, 0 expired", "1 begun, 60 ms, 0 expired", "1 begun, 90 ms, 0 expired",
            ])
    }

    @Test func aLaneThatWasGivenUpIsWaitedForAgainWhenItHasBrought() {
        var line = TimeLine(lanes: 3, waitMilliseconds: 100)
        line.arrive(2, "1 2 |")
        #expect(line.run(at: 0) == "~")
        #expect(line.run(at: 100) == "c1 c2")
        // Both that were waited for in vain count.
        #expect(line.expiries == 2)
        line.arrive(2, "3 |")
        #expect(line.run(at: 101) == "c3")
        line.arrive(0, "3")
        line.arrive(2, "5 |")
        #expect(line.run(at: 102) == "a3 ~")
        #expect(line.run(at: 201) == "~")
        #expect(line.run(at: 202) == "c5")
        #expect(line.expiries == 3)
    }

    @Test func anEndThatBecomesKnownEndsTheWait() {
        var line = TimeLine(lanes: 2, waitMilliseconds: 1_000)
        line.arrive(0, "4 |")
        #expect(line.run(at: 0) == "~")
        #expect(line.deadline == 1_000)
        line.arrive(1, "|")
        #expect(line.run(at: 1) == "a4")
        #expect(line.deadline == nil)
        #expect(line.expiries == 0)
    }

    /// Rows arrive in any cut and are taken in any cut: what comes out is what sorting says.
    @Test(arguments: 0..<60 as Range<UInt64>)
    func mergeIsSorting(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let laneCount = Int(random.next() % (seed % 4 == 0 ? 40 : 6)) + 1
        var expected: [(key: Int64, lane: Int, offset: Int, text: String)] = []
        var pending: [[String]] = []
        for lane in 0..<laneCount {
            var highest = Int64.min
            var texts: [String] = []
            for offset in 0..<Int(random.next() % (laneCount > 6 ? 20 : 80)) {
                let time = Int64(random.next() % 40) + Int64(offset) / 2
                let isFault = random.next() % 8 == 0
                if !isFault { highest = max(highest, time) }
                texts.append("\(isFault ? "!" : "")\(time)")
                expected.append((highest, lane, offset, "\(TimeLine.letter(lane))\(texts[offset])"))
            }
            pending.append(texts)
        }
        expected.sort { ($0.key, $0.lane, $0.offset) < ($1.key, $1.lane, $1.offset) }
        var line = TimeLine(lanes: laneCount, waitMilliseconds: 1_000_000)
        var found: [String] = []
        while !pending.allSatisfy(\.isEmpty) || found.count < expected.count {
            let lane = Int(random.next() % UInt64(laneCount))
            let count = min(pending[lane].count, Int(random.next() % 9))
            let isLast = count == pending[lane].count
            line.arrive(lane, (pending[lane].prefix(count) + (isLast ? ["|"] : [])).joined(separator: " "))
            pending[lane].removeFirst(count)
            let text = line.run(at: 0, limit: Int(random.next() % 12) + 1)
            found += text.split(separator: " ").map(String.init).filter { $0 != "~" }
        }
        #expect(found == expected.map(\.text), "seed \(seed)")
    }

    private func expect(
        _ lanes: [String], _ expected: String, limit: Int = 100, at location: SourceLocation = #_sourceLocation
    ) {
        var line = TimeLine(lanes: lanes.count, waitMilliseconds: 1_000)
        for (lane, text) in lanes.enumerated() { line.arrive(lane, text) }
        var parts: [String] = []
        while true {
            let part = line.run(at: 0, limit: limit)
            if !part.isEmpty { parts.append(part) }
            if part.isEmpty || part.hasSuffix("~") { break }
        }
        #expect(parts.joined(separator: " ") == expected, sourceLocation: location)
    }
}

/// Lanes into which rows arrive, and a merge over them at given moments.
private struct TimeLine {
    private static let schema = EventSchema(fields: [], time: .record)
    private let lanes: [Lane]
    private var merge: LaneMerge

    init(lanes count: Int, waitMilliseconds: Int64) {
        lanes = (0..<count).map {
            Lane(start: LaneStart(topic: "t", partition: Int32($0), offset: 0, mutedUntil: 0))
        }
        merge = LaneMerge(waitNanoseconds: waitMilliseconds * 1_000_000)
    }

    static func letter(_ lane: Int) -> Character { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(lane))) }

    var expiries: UInt64 { merge.expiries }

    func waits(_ lane: Int) -> String {
        let waits = lanes[lane].waits
        return "\(waits.begun) begun, \(waits.nanoseconds / 1_000_000) ms, \(waits.expired) expired"
    }
    /// In milliseconds.
    var deadline: Int64? { merge.deadline.map { $0 / 1_000_000 } }

    func arrive(_ index: Int, _ text: String) {
        let lane = lanes[index]
        lane.isAtEnd = text.hasSuffix("|")
        let marks = text.split(separator: " ").filter { $0 != "|" }
        if marks.isEmpty { return }
        lane.isGivenUp = false
        let chunk = DecodedChunk(schema: Self.schema, capacity: marks.count)
        chunk.lane = Int32(index)
        for (row, mark) in marks.enumerated() {
            chunk.batch.faults[row] = mark.hasPrefix("!") ? Fault(.timeAhead) : .none
            chunk.batch.eventTimes[row] = Int64(mark.drop { $0 == "!" })!
        }
        chunk.batch.count = marks.count
        chunk.recordCount = marks.count
        lane.chunks.append(chunk)
        lane.buffered += marks.count
    }

    mutating func run(at milliseconds: Int64, limit: Int = 100) -> String {
        var parts: [String] = []
        let outcome = merge.merge(lanes, limit: limit, now: milliseconds * 1_000_000) { chunk, rows in
            for row in rows {
                let mark = chunk.batch.faults[row].code == .none ? "" : "!"
                parts.append("\(Self.letter(Int(chunk.lane)))\(mark)\(chunk.batch.eventTimes[row])")
            }
        }
        if outcome == .blocked { parts.append("~") }
        return parts.joined(separator: " ")
    }
}
