import Drift
import Testing

@Suite struct SequentialStateTests {
    private func detector(buckets: Int, seed: UInt64) -> (SequentialDetector, SeededDraws) {
        var random = SeededDraws(seed: seed)
        var detector = SequentialDetector(bets: SequentialDetectorTests.bets(), runLength: 1e6)
        for _ in 0..<buckets {
            _ = detector.close(
                SequentialDetectorTests.bucket(1 + random.below(80), shares: [0.5, 0.12, 0.005], &random))
        }
        return (detector, random)
    }

    @Test func aRestoredDetectorGoesOnBitForBit() throws {
        var (detector, random) = detector(buckets: 50, seed: 5)
        let bytes = detector.stateBytes()
        var restored = try SequentialDetector(restoring: bytes, bets: detector.bets, runLength: 1e6)
        #expect(restored == detector)
        for _ in 0..<50 {
            let bucket = SequentialDetectorTests.bucket(40, shares: [0.5, 0.12, 0.005], &random)
            let alarming = detector.close(bucket)
            let restoredIsAlarming = restored.close(bucket)
            #expect(alarming == restoredIsAlarming)
        }
        #expect(restored.stateBytes() == detector.stateBytes())
    }

    @Test func aStateOfOtherBetsIsRefused() throws {
        let bytes = detector(buckets: 3, seed: 6).0.stateBytes()
        #expect(throws: SequentialStateFault.ofOtherBets) {
            try SequentialDetector(
                restoring: bytes, bets: SequentialDetectorTests.bets(dispersion: 2), runLength: 1e6)
        }
        #expect(throws: SequentialStateFault.ofOtherBets) {
            try SequentialDetector(restoring: bytes, bets: SequentialDetectorTests.bets(), runLength: 1e5)
        }
        #expect(throws: SequentialStateFault.notAState) {
            try BucketCounts(restoring: bytes, binCount: 4)
        }
    }

    @Test func everyCutAndEveryFlippedBitIsRefused() {
        let bets = SequentialDetectorTests.bets()
        let bytes = detector(buckets: 3, seed: 7).0.stateBytes()
        for length in 0..<bytes.count {
            #expect(throws: SequentialStateFault.self) {
                try SequentialDetector(restoring: Array(bytes[..<length]), bets: bets, runLength: 1e6)
            }
        }
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(place % 8)
            #expect(throws: SequentialStateFault.self, "byte \(place)") {
                try SequentialDetector(restoring: flipped, bets: bets, runLength: 1e6)
            }
        }
    }

    @Test func bucketsAddUpInAnyOrderAndAreRestored() throws {
        var random = SeededDraws(seed: 8)
        let parts = (0..<5).map { _ in SequentialDetectorTests.bucket(30, shares: [0.5, 0.2, 0.1], &random) }
        var forth = BucketCounts(binCount: 4)
        var back = BucketCounts(binCount: 4)
        for part in parts { forth.merge(part) }
        for part in parts.reversed() { back.merge(part) }
        #expect(forth == back)
        #expect(forth.eventCount == 150 && (0..<4).reduce(0) { $0 + forth.events(inBin: $1) } == 150)
        let bytes = forth.stateBytes()
        #expect(try BucketCounts(restoring: bytes, binCount: 4) == forth)
        #expect(throws: SequentialStateFault.ofOtherBets) { try BucketCounts(restoring: bytes, binCount: 5) }
        for length in 0..<bytes.count {
            #expect(throws: SequentialStateFault.self) {
                try BucketCounts(restoring: Array(bytes[..<length]), binCount: 4)
            }
        }
    }

    @Test func aBucketHoldsNoMoreThanItsLimit() {
        var bucket = BucketCounts(binCount: 2)
        bucket.add(bin: 0, events: .max)
        bucket.add(bin: 1, events: 7)
        #expect(bucket.eventCount == BucketCounts.eventsMax)
        #expect(bucket.events(inBin: 1) == 0)
        bucket.merge(bucket)
        #expect(bucket.eventCount == BucketCounts.eventsMax)
    }
}
