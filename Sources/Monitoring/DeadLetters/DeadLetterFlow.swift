import Events

/// The dead letters' side of a monitor: lanes of dead letters in the scores' buckets, and beside each the scores of it.
///
/// A bucket is decided when lanes of both kinds are past it. Scores do not wait for it: their own series are decided
/// before.
final class DeadLetterFlow {
    /// What is decided at once: of the events of a bucket, how many were scored and how many were not.
    struct Bucket: Hashable, Sendable {
        var number: Int64
        var scores = 0
        var letters = 0
    }

    var lanes: LaneClocks
    private let bucketMicroseconds: Int64
    /// Not decided yet, by number of the bucket.
    private(set) var letters: [Int64: Int] = [:]
    /// Closed, and not decided yet, ascending.
    private(set) var scores: [Bucket] = []
    private(set) var letterCount = 0
    /// Scores wait while so many of their buckets are not decided.
    static let waitingMax = 65_536

    init(laneCount: Int, bucketMicroseconds: Int64, late: Int64) {
        lanes = LaneClocks(count: laneCount, late: late)
        self.bucketMicroseconds = bucketMicroseconds
    }

    private func bucket(of time: Int64) -> Int64 {
        let (quotient, remainder) = time.quotientAndRemainder(dividingBy: bucketMicroseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Takes rows of one lane, in their order.
    ///
    /// One from before the lane's watermark counts where the lane is: none is lost.
    func add(_ batch: EventBatch, lane: Int, position: Int64) {
        for row in 0..<batch.count {
            lanes.pass(lane: lane, at: batch.offsets[row])
            let time = max(batch.eventTimes[row], lanes.watermark(lane: lane))
            lanes[lane].highest = max(lanes[lane].highest, batch.eventTimes[row])
            letters[bucket(of: time), default: 0] += 1
            letterCount += 1
        }
        lanes[lane].position = position
        lanes.pass(lane: lane, at: position)
    }

    /// Scores of a bucket that is closed.
    func close(start: Int64, scores rows: Int) {
        if rows > 0 { scores.append(Bucket(number: bucket(of: start), scores: rows)) }
    }

    /// The next bucket with events that lanes of both kinds are past; `nil`: there is none for now.
    ///
    /// - Parameter watermark: that of the scores.
    func next(scoresUntil watermark: Int64) -> Bucket? {
        next(until: min(watermark, lanes.watermark))
    }

    /// Nothing comes any more.
    func last() -> Bucket? { next(until: .max) }

    private func next(until time: Int64) -> Bucket? {
        if time == .min { return nil }
        let first = min(scores.first?.number ?? .max, letters.keys.min() ?? .max)
        guard first < bucket(of: time) || time == .max && first < .max else { return nil }
        var bucket = Bucket(number: first)
        while let waiting = scores.first, waiting.number == first {
            bucket.scores += waiting.scores
            scores.removeFirst()
        }
        bucket.letters = letters.removeValue(forKey: first) ?? 0
        return bucket
    }

    /// Sets what a state held.
    func restore(letters: [Int64: Int], scores: [Bucket], letterCount: Int) {
        (self.letters, self.scores, self.letterCount) = (letters, scores, letterCount)
    }
}
