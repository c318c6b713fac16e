import Testing

@testable import Features

/// How far tiled windows are from exact ones, and what they cost: printed, and held against the bounds that are stated.
struct TileAccuracyTests {
    private static let day: Int64 = 86_400_000_000

    private enum Stream: String, CaseIterable {
        /// Independent events at a steady rate.
        case poisson
        /// Nine in ten of them within seconds of another.
        case bursts
    }

    private static func times(_ stream: Stream, count: Int, perWindow: Int, length: Int64) -> [Int64] {
        var random = HistoryRandom(seed: 31)
        var time: Int64 = 0
        let meanGap = Double(length) / Double(perWindow)
        return (0..<count).map { _ in
            if stream == .bursts, random.chance(90) {
                time += Int64.random(in: 0...10_000_000, using: &random)
            } else {
                // A sum of halvings: geometric, which is exponential enough.
                var gap = Double.random(in: 0.5...1.5, using: &random)
                while random.chance(50) { gap += Double.random(in: 0.5...1.5, using: &random) }
                time += Int64(gap / 2 * meanGap * (stream == .bursts ? 10 : 1))
            }
            return time
        }
    }

    @Test(arguments: ["poisson", "bursts"], [50, 2_000])
    func countsAndSumsAreNearThoseOfAnExactWindow(name: String, perWindow: Int) throws {
        let stream = try #require(Stream(rawValue: name))
        let length = 30 * Self.day
        let amount = ColumnLayout(shape: .integer, valueWord: 0, divisor: 1)
        let functions: [AggregateFunction] = [.count, .mean]
        let plan = TiledWindowPlan(
            window: WindowPlan(
                delayMicroseconds: 0, lengthMicroseconds: length, tileMicroseconds: length / 100), lateMicroseconds: 0,
            outputs: functions.enumerated().map {
                TileOutput(
                    function: $1, column: amount, parameter: .nan, defaultValue: .nan, feature: $0, isBeforeEvent: false
                )
            })
        let times = Self.times(stream, count: perWindow * 6, perWindow: perWindow, length: length)
        var random = HistoryRandom(seed: 32)
        let amounts = times.map { _ in Int64.random(in: 100...20_000, using: &random) }
        let run = TileRun(plan)
        var (start, longStart, sum) = (0, 0, 0)
        var (meanError, worst, meanMeanError, measured) = (0.0, 0.0, 0.0, 0)
        for index in times.indices {
            let found = run.take(
                TileEvent(
                    time: times[index], watermark: times[index], amount: amounts[index], quantity: nil, ratio: 0,
                    text: 0, flag: false))
            sum += Int(amounts[index])
            while times[start] <= times[index] - length {
                sum -= Int(amounts[start])
                start += 1
            }
            while times[longStart] <= times[index] - length - plan.width { longStart += 1 }
            let exact = Double(index + 1 - start)
            // Never shorter than was asked, and longer by less than a tile.
            #expect(found[0] >= exact && found[0] <= Double(index + 1 - longStart))
            if times[index] < length { continue }
            measured += 1
            meanError += (found[0] - exact) / exact
            worst = max(worst, (found[0] - exact) / exact)
            let exactMean = Double(sum) / exact
            meanMeanError += (found[1] - exactMean).magnitude / exactMean
        }
        let number = Double(measured)
        print(
            "tiles of 1 %, \(name), \(perWindow) events a window: count too large by \(meanError / number * 100) % on"
                + " average, \(worst * 100) % at worst; mean off by \(meanMeanError / number * 100) % on average;"
                + " \(run.tileCount) tiles")
        #expect(meanError / number < 0.03)
    }

    @Test func memoryIsBounded() {
        let length = 30 * Self.day
        let amount = ColumnLayout(shape: .integer, valueWord: 0, divisor: 1)
        let sets: [(String, [AggregateFunction])] = [
            ("count, mean", [.count, .mean]), ("and stddev, min, max", [.count, .mean, .stddev, .min, .max]),
            ("and quantile", [.count, .mean, .stddev, .min, .max, .quantile]),
        ]
        for (name, functions) in sets {
            for perWindow in [10, 60, 1_000, 20_000] {
                let plan = TiledWindowPlan(
                    window: WindowPlan(
                        delayMicroseconds: 0, lengthMicroseconds: length, tileMicroseconds: length / 100),
                    lateMicroseconds: 0,
                    outputs: functions.enumerated().map {
                        TileOutput(
                            function: $1, column: amount, parameter: 0.5, defaultValue: .nan, feature: $0,
                            isBeforeEvent: false)
                    })
                let run = TileRun(plan)
                var random = HistoryRandom(seed: 33)
                for time in Self.times(.poisson, count: perWindow * 5 / 2, perWindow: perWindow, length: length) {
                    _ = run.take(
                        TileEvent(
                            time: time, watermark: time, amount: .random(in: 100...20_000, using: &random),
                            quantity: nil, ratio: 0, text: 0, flag: false))
                }
                let head = run.kernel.head(run.record).pointee
                var bytes = run.layout.recordBytes
                if head.tiles != nil { bytes += 1 << run.kernel.sizeClass(head.capacity) }
                for part in run.layout.parts where part.kind == .quantile {
                    let places = (head.head..<head.tail).map { run.kernel.tile(run.record, $0) }
                    for place in places + [run.kernel.total(run.record)] {
                        guard let block = part.quantile(place).pointee.block else { continue }
                        bytes += 1 << Int(block.sketch.pointee.sizeClass)
                    }
                }
                var ring = 64
                while ring < perWindow * 16 { ring *= 2 }
                print(
                    "tiles: \(name), \(perWindow) events a window: \(run.tileCount) tiles of \(run.layout.tileBytes)"
                        + " bytes, \(bytes) bytes a key; events of an exact window \(ring)")
                #expect(run.tileCount <= 102)
                #expect(bytes >= run.layout.recordBytes + run.tileCount * run.layout.tileBytes)
                if !functions.contains(.quantile) {
                    #expect(bytes <= run.layout.recordBytes + run.layout.blockBytes(tiles: plan.tilesPerKeyMax))
                }
            }
        }
    }
}
