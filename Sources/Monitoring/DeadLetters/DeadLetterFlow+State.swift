import Drift

extension DeadLetterFlow {
    private static let countMax = 1 << 40

    func write(to writer: inout StateWriter) {
        writer.write(count: letterCount)
        writer.write(count: letters.count)
        for (number, count) in letters.sorted(by: { $0.key < $1.key }) {
            writer.write(number)
            writer.write(count: count)
        }
        writer.write(count: scores.count)
        for bucket in scores {
            writer.write(bucket.number)
            writer.write(count: bucket.scores)
        }
    }

    func read(_ reader: inout StateReader, bucketMicroseconds: Int64) throws(StateFault) {
        let letterCount = try reader.count(max: .max, "dead letters")
        let range = -Int64.max / 4 / bucketMicroseconds...Int64.max / 4 / bucketMicroseconds
        var letters: [Int64: Int] = [:]
        for _ in 0..<(try reader.count(ofBytes: 9, max: Self.countMax, "buckets of dead letters")) {
            let number = try reader.integer("a bucket of dead letters")
            try reader.expect(range.contains(number) && letters[number] == nil, "a bucket of dead letters \(number)")
            letters[number] = try reader.count(max: Self.countMax, "dead letters of a bucket")
        }
        var scores: [Bucket] = []
        for _ in 0..<(try reader.count(ofBytes: 9, max: 2 * Self.waitingMax, "buckets beside dead letters")) {
            let number = try reader.integer("a bucket beside dead letters")
            try reader.expect(
                range.contains(number) && number > scores.last?.number ?? .min, "a bucket beside dead letters \(number)"
            )
            let rows = try reader.count(max: Self.countMax, "scores beside dead letters")
            scores.append(Bucket(number: number, scores: rows))
        }
        restore(letters: letters, scores: scores, letterCount: letterCount)
    }
}
