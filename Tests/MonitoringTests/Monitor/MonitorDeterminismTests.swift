import Events
import Testing

@testable import Monitoring

/// The same lanes and the same closings give the same alerts, byte for byte.
@Suite struct MonitorDeterminismTests {
    static let laneCount = 3
    static let events = 36_000

    /// Rows by lane; each lane is a little out of order, and some rows are late.
    static func lanes(seed: UInt64) -> [[PaymentScores.Row]] {
        var random = RandomWords(seed)
        var scores = PaymentScores(seed: seed, change: .risk, from: 8_000, until: 20_000)
        var lanes = Array(repeating: [PaymentScores.Row](), count: laneCount)
        for _ in 0..<events {
            var row = scores.next()
            if random.below(20) == 0 { row.time -= Int64(random.below(90)) * 1_000_000 }
            lanes[random.below(laneCount)].append(row)
        }
        return lanes
    }

    static func makeMonitor() -> DriftMonitor {
        DriftMonitor(
            plan: PaymentMonitor.plan,
            lanes: (0..<laneCount).map { MonitorLane(topic: "scores", partition: Int32($0)) })
    }

    /// Feeds pieces of random lengths from random lanes; `restart` says when a new monitor goes on from the bytes.
    static func run(
        _ lanes: [[PaymentScores.Row]], seed: UInt64, piece: Int, restarts: Bool = false,
        closings: [LaneClosing] = []
    ) throws -> [DriftAlert] {
        var random = RandomWords(seed)
        var monitor = makeMonitor()
        monitor.follow(closings)
        var places = Array(repeating: 0, count: laneCount)
        var alerts: [DriftAlert] = []
        while let lane = (0..<laneCount).filter({ places[$0] < lanes[$0].count }).randomElement(&random) {
            let end = min(lanes[lane].count, places[lane] + 1 + random.below(piece))
            let rows = lanes[lane][places[lane]..<end]
            monitor.add(
                PaymentScores.batch(rows, firstOffset: Int64(places[lane])), lane: lane, position: Int64(end))
            places[lane] = end
            alerts += monitor.advance()
            if restarts, random.below(8) == 0 {
                let next = makeMonitor()
                try next.restore(monitor.stateBytes())
                next.follow(closings)
                monitor = next
            }
        }
        return alerts + monitor.finish()
    }

    @Test(arguments: [1, 2] as [UInt64])
    func neitherOrderOfLanesNorBatchesMatter(seed: UInt64) throws {
        let lanes = Self.lanes(seed: seed)
        let first = try Self.run(lanes, seed: 100, piece: 3_000)
        #expect(first.contains { $0.state == .firing } && first.contains { $0.state == .resolved })
        for (order, piece) in [(101, 40), (102, 9_000), (103, 700)] as [(UInt64, Int)] {
            let other = try Self.run(lanes, seed: order, piece: piece)
            #expect(other == first, "seed \(seed), order \(order)")
        }
    }

    @Test(arguments: [3, 4] as [UInt64])
    func aRestartChangesNothing(seed: UInt64) throws {
        let lanes = Self.lanes(seed: seed)
        let whole = try Self.run(lanes, seed: 7, piece: 900)
        #expect(!whole.isEmpty)
        #expect(try Self.run(lanes, seed: 8, piece: 900, restarts: true) == whole, "seed \(seed)")
    }

    @Test func recordedClosingsAreFollowedAtTheirPlace() throws {
        let lanes = Self.lanes(seed: 5)
        // Lane 2 is declared idle in its middle, up to a time that some of its next rows are before.
        let place = lanes[2].count / 2
        let closing = LaneClosing(
            topic: "scores", partition: 2, offset: Int64(place), watermark: lanes[2][place].time + 3_600_000_000)
        let closed = try Self.run(lanes, seed: 9, piece: 500, closings: [closing])
        #expect(try Self.run(lanes, seed: 10, piece: 2_000, closings: [closing]) == closed)
        #expect(try Self.run(lanes, seed: 11, piece: 100, restarts: true, closings: [closing]) == closed)
        #expect(try Self.run(lanes, seed: 9, piece: 500) != closed, "an hour of late rows changes what is told")
    }

    @Test func stateThatIsDamagedOrForeignIsRefused() throws {
        let monitor = Self.makeMonitor()
        let lanes = Self.lanes(seed: 6)
        for lane in 0..<Self.laneCount {
            let rows = lanes[lane].prefix(4_000)
            monitor.add(PaymentScores.batch(rows, firstOffset: 0), lane: lane, position: Int64(rows.count))
        }
        _ = monitor.advance()
        let bytes = monitor.stateBytes()
        let again = Self.makeMonitor()
        try again.restore(bytes)
        #expect(again.stateBytes() == bytes)
        var random = RandomWords(1)
        for _ in 0..<60 {
            var damaged = bytes
            if random.below(2) == 0 {
                damaged.removeLast(1 + random.below(damaged.count - 1))
            } else {
                damaged[random.below(damaged.count)] ^= UInt8(1 + random.below(255))
            }
            #expect(throws: (any Error).self) { try Self.makeMonitor().restore(damaged) }
        }
        let other = DriftMonitor(
            plan: PaymentMonitor.makePlan(runLength: 5_000), lanes: [MonitorLane(topic: "scores", partition: 0)])
        #expect(throws: (any Error).self) { try other.restore(bytes) }
    }
}

extension Array {
    fileprivate func randomElement(_ random: inout RandomWords) -> Element? {
        isEmpty ? nil : self[random.below(count)]
    }
}
