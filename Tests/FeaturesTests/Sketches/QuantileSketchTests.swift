import Testing

@testable import Features

struct QuantileSketchTests {
    /// What a sketch has to be: how many numbers each bucket has.
    struct Oracle {
        var counts: [Int32: Int] = [:]

        mutating func add(_ value: Double, _ count: Int = 1) {
            if !value.isFinite { return }
            let key = QuantileBuckets.key(of: value)
            counts[key, default: 0] += count
            if counts[key] == 0 { counts[key] = nil }
        }

        var total: Int { counts.values.reduce(0, +) }

        /// With the lowest buckets folded into one.
        func folded(to bucketsMax: Int) -> Oracle {
            let keys = counts.keys.sorted()
            guard keys.count > bucketsMax else { return self }
            var result = self
            let lowest = keys[keys.count - bucketsMax]
            for key in keys where key < lowest {
                result.counts[lowest, default: 0] += counts[key] ?? 0
                result.counts[key] = nil
            }
            return result
        }

        func quantile(_ p: Double) -> Double {
            if counts.isEmpty { return .nan }
            let rank = Int((p * Double(total - 1)).rounded(.down))
            var seen = 0
            for key in counts.keys.sorted() {
                seen += counts[key] ?? 0
                if seen > rank { return QuantileBuckets.representative(key) }
            }
            return .nan
        }
    }

    static let probabilities = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1]

    private func expectEqual(_ sketch: QuantileSketch, _ oracle: Oracle, _ note: Comment) {
        #expect(sketch.count == UInt64(oracle.total), note)
        #expect(sketch.bucketCount == oracle.counts.count, note)
        for p in Self.probabilities {
            #expect(sketch.quantile(p).bitPattern == oracle.quantile(p).bitPattern, "p \(p): \(note)")
        }
    }

    // MARK: - Buckets

    /// ceil(log γ) in decimal arithmetic of 60 digits.
    static let known: [(Double, Int32)] = [
        (1.01, 34561), (2.0, 34595), (0.5, 34526), (100.0, 34791), (1e-300, 23), (1e+300, 69098), (1e-299, 138),
        (123456.789, 35147), (0.01, 34330), (19.99, 34710), (4.9e-05, 34064), (3.141592653589793, 34618),
        (3.9144948834984614e-145, 17936), (4.5534114678085614e-250, 5855), (1.6519265800078847e+249, 63252),
        (1.8471703774571432e+297, 68783), (1.5219903229723612e+220, 59909), (2.932283627520956e-211, 10323),
        (4.9028111529614726e-228, 8391), (3.1659670011432257e+265, 65126), (4.8206727022826265e+280, 66874),
        (2.11421765034681e-71, 26424), (6.675633241585633e+297, 68848), (9.529380482113051e+291, 68175),
        (6.269872803763482e-249, 5986), (9.78629595033628e-252, 5663), (6.009984081433832e-163, 15885),
        (3.6064835769850863e-152, 17126), (5.866172969789282e+285, 67460), (3.7763364169174096e-114, 21503),
        (1.9275014119923222e+285, 67404), (6.750221220335656e+82, 44096),
    ]

    @Test(arguments: known)
    func bucketsAreThoseOfExactLogarithms(value: Double, key: Int32) {
        #expect(QuantileBuckets.key(of: value) == key)
        #expect(QuantileBuckets.key(of: -value) == -key)
    }

    @Test func everyBucketStandsForItsNumbersToOnePercent() {
        var random = HistoryRandom(seed: 11)
        var worst = 0.0
        for _ in 0..<200_000 {
            let exponent = Double.random(in: -990...990, using: &random)
            let value = Double(sign: .plus, exponent: Int(exponent), significand: .random(in: 1..<2, using: &random))
            let error = (QuantileBuckets.representative(QuantileBuckets.key(of: value)) - value).magnitude / value
            worst = max(worst, error)
        }
        print("quantile bucket: worst relative error \(worst)")
        #expect(worst <= QuantileBuckets.relativeAccuracy * (1 + 1e-12))
        #expect(worst > 0.0099)
    }

    @Test func bucketsKeepTheOrderOfNumbersAtEveryEdge() {
        for key in Int32(24)..<QuantileBuckets.keyMax {
            // From the middle of a bucket up to the next one: by bisection to the two neighbours that it parts.
            var low = QuantileBuckets.representative(key)
            var high = QuantileBuckets.representative(key + 1)
            guard QuantileBuckets.key(of: low) == key, QuantileBuckets.key(of: high) == key + 1 else {
                Issue.record("bucket \(key)")
                return
            }
            if key % 16 != 0 { continue }
            while low.nextUp < high {
                let middle = low + (high - low) / 2
                if QuantileBuckets.key(of: middle) == key { low = middle } else { high = middle }
            }
            #expect(low / QuantileBuckets.representative(key) < 1.0101010101010104)
            #expect(low / QuantileBuckets.representative(key) > 1.0101010101010098)
        }
    }

    @Test func extremesHaveBuckets() {
        #expect(QuantileBuckets.key(of: 0) == 0)
        #expect(QuantileBuckets.key(of: -0.0) == 0)
        #expect(QuantileBuckets.key(of: 0.9e-300) == 0)
        #expect(QuantileBuckets.key(of: 1e-300) > 0)
        #expect(QuantileBuckets.key(of: .greatestFiniteMagnitude) == QuantileBuckets.keyMax)
        #expect(QuantileBuckets.key(of: 1e300) == QuantileBuckets.keyMax)
        #expect(QuantileBuckets.key(of: -.greatestFiniteMagnitude) == -QuantileBuckets.keyMax)
        #expect(QuantileBuckets.representative(QuantileBuckets.keyMax).isFinite)
    }

    // MARK: - The sketch

    @Test(arguments: 0..<12)
    func addingAndRemovingIsCounting(seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed))
        var arena = BlockArena()
        var sketch = QuantileSketch.empty
        var oracle = Oracle()
        var values: [Double] = []
        let target = [3, 60, 900][seed % 3]
        for step in 0..<4_000 {
            let grows = values.count < target ? 60 : 40
            if values.isEmpty || random.chance(grows) {
                let value = anyNumber(&random)
                sketch.add(value, &arena)
                oracle.add(value)
                values.append(value)
            } else {
                let value = values.remove(at: Int.random(in: 0..<values.count, using: &random))
                #expect(sketch.remove(value, &arena))
                oracle.add(value, -1)
            }
            if step % 61 == 0 { expectEqual(sketch, oracle, "seed \(seed), step \(step)") }
        }
        for value in values { #expect(sketch.remove(value, &arena)) }
        #expect(sketch.block == nil)
        #expect(sketch.count == 0 && sketch.quantile(0.5).isNaN)
    }

    @Test func whatIsMissingOrNotThereChangesNothing() {
        var arena = BlockArena()
        var sketch = QuantileSketch.empty
        for value in [Double.nan, .infinity, -.infinity] { sketch.add(value, &arena) }
        #expect(sketch.block == nil)
        #expect(!sketch.remove(1, &arena))
        sketch.add(5, &arena)
        #expect(!sketch.remove(7, &arena) && !sketch.remove(.nan, &arena))
        #expect(sketch.count == 1)
        sketch.release(&arena)
    }

    @Test(arguments: 0..<10)
    func mergingAndTakingOutIsCounting(seed: Int) {
        var random = HistoryRandom(seed: UInt64(100 + seed))
        var arena = BlockArena()
        var parts: [QuantileSketch] = []
        var oracles: [Oracle] = []
        for _ in 0..<6 {
            var part = QuantileSketch.empty
            var oracle = Oracle()
            for _ in 0..<Int.random(in: 0...300, using: &random) {
                let value = anyNumber(&random)
                part.add(value, &arena)
                oracle.add(value)
            }
            parts.append(part)
            oracles.append(oracle)
        }
        var whole = QuantileSketch.empty
        var sum = Oracle()
        for (part, oracle) in zip(parts, oracles) {
            whole.merge(part, &arena)
            sum.counts.merge(oracle.counts) { $0 + $1 }
            expectEqual(whole, sum, "seed \(seed)")
        }
        for (part, oracle) in zip(parts, oracles) {
            whole.subtract(part, &arena)
            for (key, count) in oracle.counts {
                sum.counts[key, default: 0] -= count
                if sum.counts[key] == 0 { sum.counts[key] = nil }
            }
            expectEqual(whole, sum, "seed \(seed)")
        }
        #expect(whole.block == nil)
    }

    /// Folding depends on the numbers alone: any order, any way of merging.
    @Test(arguments: [1, 2, 7, 50], 0..<4)
    func foldingForgetsTheLowestWhateverTheOrder(bucketsMax: Int, seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed * 10 + bucketsMax))
        var arena = BlockArena()
        let values = (0..<600).map { _ in anyNumber(&random) }
        var oracle = Oracle()
        for value in values { oracle.add(value) }
        let expected = oracle.folded(to: bucketsMax)
        var images: Set<[UInt8]> = []
        for _ in 0..<3 {
            var whole = QuantileSketch.empty
            for value in values.shuffled(using: &random) { whole.add(value, bucketsMax: bucketsMax, &arena) }
            expectEqual(whole, expected, "\(bucketsMax) buckets, seed \(seed)")
            var parts = [QuantileSketch](repeating: .empty, count: 4)
            for value in values {
                parts[Int.random(in: 0..<4, using: &random)].add(value, bucketsMax: bucketsMax, &arena)
            }
            var merged = QuantileSketch.empty
            for part in parts.shuffled(using: &random) { merged.merge(part, bucketsMax: bucketsMax, &arena) }
            images.formUnion([whole.image, merged.image])
        }
        #expect(images.count == 1)
    }

    @Test func aFoldedSketchFillsItsBlock() {
        var random = HistoryRandom(seed: 5)
        var arena = BlockArena()
        var sketch = QuantileSketch.empty
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            sketch.add(value, bucketsMax: QuantileSketch.foldedBucketsMax, &arena)
        }
        #expect(sketch.bucketCount == QuantileSketch.foldedBucketsMax)
        #expect(sketch.imageByteCount == 1 << 14)
        #expect(sketch.block.map { Int($0.sketch.pointee.sizeClass) } == 14)
        sketch.release(&arena)
    }

    @Test func quantilesOfAmountsAreWithinOnePercent() {
        var random = HistoryRandom(seed: 3)
        var arena = BlockArena()
        var sketch = QuantileSketch.empty
        var values: [Double] = []
        for _ in 0..<50_000 {
            // A product of uniform numbers: skewed as amounts are.
            var value = 20.0
            for _ in 0..<6 { value *= Double.random(in: 0.3...2.2, using: &random) }
            value = (value * 100).rounded() / 100
            values.append(value)
            sketch.add(value, &arena)
        }
        values.sort()
        var worst = 0.0
        for step in 0...1_000 {
            let p = Double(step) / 1_000
            let exact = values[Int(p * Double(values.count - 1))]
            worst = max(worst, (sketch.quantile(p) - exact).magnitude / exact)
        }
        print("quantile of 50,000 amounts: worst relative error \(worst), \(sketch.imageByteCount) bytes")
        #expect(worst <= 0.01 * (1 + 1e-12))
        sketch.release(&arena)
    }

    // MARK: - Images

    @Test(arguments: 0..<6)
    func imagesAreCopies(seed: Int) throws {
        var random = HistoryRandom(seed: UInt64(seed))
        var arena = BlockArena()
        var other = BlockArena()
        var sketch = QuantileSketch.empty
        for step in 0..<(40 << seed) {
            let value = anyNumber(&random)
            sketch.add(value, &arena)
            if step % 3 > 0 { sketch.remove(value, &arena) }
        }
        let image = sketch.image
        var copy = try #require(image.withUnsafeBytes { QuantileSketch(image: $0, &other) })
        #expect(copy.image == image)
        for _ in 0..<100 {
            let value = anyNumber(&random)
            sketch.add(value, &arena)
            copy.add(value, &other)
        }
        #expect(copy.image == sketch.image)
        #expect([UInt8]().withUnsafeBytes { QuantileSketch(image: $0, &other)?.count } == 0)
    }

    @Test func spoiltImagesAreRefusedOrSafe() {
        var random = HistoryRandom(seed: 77)
        var arena = BlockArena()
        var image: [UInt8] = []
        var accepted = 0
        for round in 0..<6_000 {
            if round % 100 == 0 {
                var sketch = QuantileSketch.empty
                for _ in 0..<(1 << (round / 100 % 8)) { sketch.add(anyNumber(&random), &arena) }
                image = sketch.image
                sketch.release(&arena)
            }
            let bytes = spoilt(image, &random)
            guard var sketch = bytes.withUnsafeBytes({ QuantileSketch(image: $0, &arena) }) else { continue }
            accepted += 1
            var twice = QuantileSketch.empty
            for _ in 0..<20 {
                let value = anyNumber(&random)
                sketch.add(value, &arena)
                sketch.remove(anyNumber(&random), &arena)
                twice.add(value, &arena)
            }
            for _ in 0..<3 { twice.merge(sketch, bucketsMax: 40, &arena) }
            sketch.subtract(twice, &arena)
            for p in Self.probabilities {
                let result = twice.quantile(p)
                #expect(result.isFinite, "round \(round)")
            }
            #expect(twice.image.withUnsafeBytes { QuantileSketch.isImage($0) }, "round \(round)")
            sketch.release(&arena)
            twice.release(&arena)
        }
        print("quantile: \(accepted) of 6,000 spoilt images were still images")
        #expect(accepted > 0 && accepted < 3_000)
    }
}
