import Testing

@testable import Engine

struct OrderRecordTests {
    private let names = OriginText(
        lanes: (0..<4).map { LaneStart(topic: "payments", partition: Int32($0), offset: 0, mutedUntil: 0) })

    private func bytes(_ fill: (inout OrderRuns) -> Void) -> [UInt8] {
        var runs = OrderRuns()
        // What was there before leaves nothing behind.
        runs.append(lane: 3, start: 1, end: 2)
        runs.quarantine(lane: 3, offset: 1)
        runs.removeAll()
        fill(&runs)
        var bytes: [UInt8] = [9, 9]
        runs.encode(into: &bytes, names: names)
        return bytes
    }

    @Test func runsComeBackAsTheyWere() throws {
        let record = try OrderRecord(
            bytes { runs in
                runs.append(lane: 2, start: 100, end: 103)
                // The same lane goes on: one run.
                runs.append(lane: 2, start: 103, end: 110)
                runs.append(lane: 0, start: 5, end: 6)
                runs.append(lane: 2, start: 110, end: 1 << 40)
                runs.quarantine(lane: 2, offset: 104)
            }, offset: 0)
        #expect(record.lanes.map(\.name) == ["payments/2", "payments/0"])
        #expect(record.lanes.map(\.start) == [100, 5])
        #expect(record.runs == [.init(lane: 0, end: 110), .init(lane: 1, end: 6), .init(lane: 0, end: 1 << 40)])
        #expect(record.quarantined.map(\.lane) == [0] && record.quarantined.map(\.offset) == [104])
    }

    /// A run of a batch of 4,096 events that alternate costs two bytes an event.
    @Test func theRecordIsCompact() {
        let record = bytes { runs in
            for number in 0..<4_096 {
                let offset = Int64(1_000_000 + number / 2)
                runs.append(lane: number % 2, start: offset, end: offset + 1)
            }
        }
        #expect(record.count < 4_096 * 2 + 64)
    }

    @Test func everyTruncationIsRefusedOrAPrefix() throws {
        let whole = bytes { runs in
            for number in 0..<40 {
                let offset = Int64(1_000 + number)
                runs.append(lane: number % 3, start: offset, end: offset + 1)
            }
            runs.quarantine(lane: 1, offset: 1_001)
        }
        let runs = try OrderRecord(whole, offset: 0).runs
        for count in 0..<whole.count {
            do {
                let cut = try OrderRecord(Array(whole[..<count]), offset: 7)
                #expect(Array(runs[..<cut.runs.count]) == cut.runs, "\(count) bytes")
            } catch {
                #expect(error.offset == 7)
            }
        }
    }

    /// Whatever stands in the topic: an error or a record no larger than its bytes, never a crash.
    @Test func mutantsAreAnswered() {
        let whole = bytes { runs in
            for number in 0..<64 { runs.append(lane: number % 4, start: Int64(number), end: Int64(number) + 1) }
        }
        var refused = 0
        for seed in 0..<4_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var mutant = whole
            for _ in 0...random.next() % 4 {
                mutant[Int(random.next() % UInt64(mutant.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            do {
                let record = try OrderRecord(mutant, offset: 0)
                #expect(record.runs.count <= mutant.count, "seed \(seed)")
                #expect(record.runs.allSatisfy { record.lanes.indices.contains($0.lane) }, "seed \(seed)")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 200)
    }

    @Test(arguments: [
        [UInt8](), [2], [1], [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [1, 1, 0xFF, 0xFF, 0x03], [1, 1, 1, 0xFF, 0], [1, 1, 1, 65, 0, 0, 0],
    ])
    func absurdRecordsAreRefused(bytes: [UInt8]) {
        #expect(throws: OrderRecordError.self) { _ = try OrderRecord(bytes, offset: 0) }
    }
}
