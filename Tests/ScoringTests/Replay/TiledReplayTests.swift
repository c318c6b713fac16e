import Engine
import Foundation
import Testing

@testable import Scoring

/// Windows of tiles and exact ones over one entity, from a pipeline file to a table of features.
@Suite struct TiledReplayTests {
    private let space: ReplayWorkspace

    init() throws { space = try ReplayWorkspace() }

    /// The same aggregates in tiles of 10 % and exact; no model, so that all features come out.
    private static let pipeline = """
        pipeline: tiled
        kafka: {brokers: embedded, group: tiled}
        sources:
          transactions:
            topic: transactions
            key: customer_id
            id: transaction_id
            time: {field: tx_datetime, format: iso8601}
            fields:
              transaction_id: int
              customer_id: string
              tx_amount: {type: decimal, scale: 2}
        features:
          - by: customer_id
            over: [10h, 1d]
            accuracy: tiled(10%)
            aggregates:
              tiled_count: count()
              tiled_sum: sum(tx_amount)
              tiled_max: max(tx_amount)
              tiled_deviation: stddev(tx_amount)
              tiled_large: {value: count(), where: tx_amount > 20}
          - by: customer_id
            over: [10h, 11h]
            aggregates:
              count: count()
              sum: sum(tx_amount)
              max: max(tx_amount)
        output: {topic: scores}
        dead_letter: {topic: dead-letter}

        """

    private struct Payment {
        let minutes: Int
        let customer: Int
        let cents: Int
    }

    /// Whole minutes, so that edges of windows and tiles (of one hour, for ten) are met.
    private static func payments(_ count: Int) -> [Payment] {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var minutes = 0
        return (0..<count).map { _ in
            minutes += random(20)
            return Payment(minutes: minutes, customer: random(3), cents: 100 + random(3_000))
        }
    }

    private static func table(_ payments: [Payment]) -> String {
        let start = Date(timeIntervalSince1970: 1_522_540_800)
        let format = ISO8601DateFormatter()
        return payments.enumerated().reduce(into: "transaction_id,tx_datetime,customer_id,tx_amount\n") { text, row in
            let time = format.string(from: start.addingTimeInterval(Double(row.element.minutes) * 60))
            let cents = row.element.cents % 100
            text += "\(row.offset),\(time),c\(row.element.customer),"
            text += "\(row.element.cents / 100).\(cents < 10 ? "0" : "")\(cents)\n"
        }
    }

    /// The amounts of the tiles of an hour that are in a window of ten, or of those in the window itself.
    private static func window(_ payments: ArraySlice<Payment>, inTiles: Bool, hours: Int) -> [Double] {
        guard let last = payments.last else { return [] }
        // The first instant that is in: the whole tile of the one behind the window's edge.
        let edge = last.minutes * 60_000_000 - hours * 3_600_000_000 + 1
        let first = inTiles ? (Double(edge) / 3_600_000_000).rounded(.down) * 60 : Double(edge) / 60_000_000
        return payments.filter { $0.customer == last.customer && Double($0.minutes) >= first }
            .map { Double($0.cents) / 100 }
    }

    @Test func tilesStandBesideExactWindows() throws {
        let payments = Self.payments(900)
        try space.write("pipeline.yaml", Self.pipeline)
        try space.write("in.csv", Self.table(payments))
        #expect(try space.replay("in.csv", to: "out.csv").summary.scored == 900)
        let lines = try space.text("out.csv").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let header = lines[0].map(String.init)
        func value(_ row: Int, _ name: String) throws -> Double? {
            Double(lines[row + 1][try #require(header.firstIndex(of: name))])
        }
        var longer = 0
        for row in payments.indices {
            let before = payments[...row]
            for (name, values) in [
                ("tiled_", Self.window(before, inTiles: true, hours: 10)),
                ("", Self.window(before, inTiles: false, hours: 10)),
            ] {
                #expect(try value(row, "\(name)count_10h") == Double(values.count), "row \(row)")
                #expect(try value(row, "\(name)max_10h") == values.max(), "row \(row)")
                let sum = try #require(try value(row, "\(name)sum_10h"))
                #expect((sum - values.reduce(0, +)).magnitude < 1e-9, "row \(row)")
            }
            let tiled = try #require(try value(row, "tiled_count_10h"))
            // Never shorter than was asked, and longer by less than a tile.
            let (exact, eleven) = (try value(row, "count_10h") ?? 0, try value(row, "count_11h") ?? 0)
            #expect(tiled >= exact && tiled <= eleven, "row \(row)")
            if tiled > exact { longer += 1 }
            let large = Self.window(before, inTiles: true, hours: 10).count { $0 > 20 }
            #expect(try value(row, "tiled_large_10h") == Double(large), "row \(row)")
        }
        #expect(longer > 100)
    }

    @Test func batchesAndWorkersChangeNothing() throws {
        try space.write("pipeline.yaml", Self.pipeline)
        try space.write("in.csv", Self.table(Self.payments(1_500)))
        var seen: Set<[UInt8]> = []
        for (rows, workers) in [(1, 1), (97, 1), (97, 2), (4_096, 2)] {
            _ = try space.replay("in.csv", to: "out.csv") {
                $0.settings.batchRowsMax = rows
                $0.workers = workers
            }
            seen.insert(try space.bytes("out.csv"))
        }
        #expect(seen.count == 1)
    }
}
