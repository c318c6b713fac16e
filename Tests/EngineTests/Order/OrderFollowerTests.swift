import Testing

@testable import Engine

/// `a` and `b` are partitions; `a3` says that everything of a before offset 3 comes before what follows.
struct OrderFollowerTests {
    private let names = OriginText(
        lanes: (0..<3).map { LaneStart(topic: "t", partition: Int32($0), offset: 0, mutedUntil: 0) })

    /// Records from runs: `(lane, start, end)`.
    private func record(_ runs: (lane: Int, start: Int64, end: Int64)...) -> [UInt8] {
        var order = OrderRuns()
        for run in runs { order.append(lane: run.lane, start: run.start, end: run.end) }
        var bytes: [UInt8] = []
        order.encode(into: &bytes, names: names)
        return bytes
    }

    /// The steps of a follower that takes everything it is told to.
    private func follow(
        _ records: [[UInt8]], from starts: [Int64] = [0, 0], ends: [Int64] = [100, 100]
    ) throws -> String {
        let lanes = ends.enumerated().map { (name: "t/\($0)", end: $1) }
        var follower = try OrderFollower(MemoryOrder(records), from: 0, lanes: lanes)
        var positions = starts
        var text: [String] = []
        while true {
            switch try follower.step(positions: { positions[$0] }) {
            case .run(let lane, let until):
                #expect(positions[lane] < until)
                positions[lane] = until
                text.append("\(["a", "b", "c"][lane])\(until)")
            case .merge(let limits):
                text.append("merge \(limits)")
                positions = zip(positions, limits).map { max($0, $1) }
            case .end: return text.joined(separator: " ")
            }
        }
    }

    @Test func runsInTheirOrder() throws {
        #expect(try follow([record((0, 0, 3), (1, 0, 2), (0, 3, 4)), record((1, 2, 5))]) == "a3 b2 a4 b5")
    }

    @Test func nothingRecordedIsNothingToFollow() throws { #expect(try follow([]) == "") }

    /// A snapshot stands in the middle of a record, and of a run.
    @Test func whatIsTakenAlreadyIsPassedOver() throws {
        let records = [record((0, 0, 3), (1, 0, 2), (0, 3, 9)), record((1, 2, 5))]
        #expect(try follow(records, from: [5, 2]) == "a9 b5")
        #expect(try follow(records, from: [9, 5]) == "")
    }

    /// Recorded twice, since the instance died before its commit: the first is right.
    @Test func theFirstRecordIsRight() throws {
        let records = [record((0, 0, 3), (1, 0, 2)), record((1, 0, 2), (0, 0, 3), (0, 3, 4))]
        #expect(try follow(records) == "a3 b2 a4")
    }

    /// Retention has removed the first records, or recording began later.
    @Test func whatNoRecordTellsOfIsMerged() throws {
        #expect(try follow([record((0, 4, 6), (1, 7, 8))]) == "merge [4, 7] a6 b8")
        #expect(try follow([record((0, 0, 2)), record((0, 5, 6))]) == "a2 merge [5, 0] a6")
    }

    @Test func partitionsOfOthersArePassedOver() throws {
        #expect(try follow([record((2, 0, 9), (0, 0, 1), (2, 9, 10))]) == "a1")
    }

    /// The topic was cut off behind what was recorded: nothing waits for what will never come.
    @Test func noStepGoesBehindTheEndOfTheTopic() throws {
        #expect(try follow([record((0, 0, 50), (1, 0, 3)), record((0, 60, 70))], ends: [10, 3]) == "a10 b3")
    }
}
