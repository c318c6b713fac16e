@testable import Features

/// One event of a tiled history, with the watermark as of it.
struct TileEvent {
    var time: Int64
    var watermark: Int64
    /// As `TileFixture.columns` read them.
    var words: [Int64]

    init(time: Int64, watermark: Int64, amount: Int64, quantity: Int64?, ratio: Double, text: UInt64, flag: Bool) {
        self.time = time
        self.watermark = watermark
        words = [
            amount, quantity ?? 0, quantity == nil ? 0 : 1, Int64(bitPattern: ratio.bitPattern),
            Int64(bitPattern: text), flag ? 1 : 0,
        ]
    }
}

enum TileFixture {
    static let amount = ColumnLayout(shape: .integer, valueWord: 0, divisor: 100)
    static let quantity = ColumnLayout(shape: .optionalInteger, valueWord: 1, divisor: 1)
    static let ratio = ColumnLayout(shape: .double, valueWord: 3, divisor: 1)
    static let text = ColumnLayout(shape: .hash, valueWord: 4, divisor: 1)
    static let flag = ColumnLayout(shape: .flag, valueWord: 5, divisor: 1)

    /// Every function over every column that it can be of.
    static let outputs: [TileOutput] = {
        var outputs: [TileOutput] = []
        func add(
            _ function: AggregateFunction, _ column: ColumnLayout, parameter: Double = .nan, or value: Double = .nan
        ) {
            outputs.append(
                TileOutput(
                    function: function, column: column, parameter: parameter, defaultValue: value,
                    feature: outputs.count, isBeforeEvent: function == .previous || function == .timeSinceLast))
        }
        for column in [ColumnLayout.everyEvent, flag] {
            add(.count, column)
            add(.rate, column, parameter: 250)
            add(.timeSinceLast, column)
        }
        for column in [amount, quantity, ratio] {
            let functions: [AggregateFunction] = [
                .count, .sum, .mean, .min, .max, .stddev, .distinct, .first, .last, .previous,
            ]
            for function in functions { add(function, column) }
            for p in [0, 0.3, 0.5, 0.99] { add(.quantile, column, parameter: p) }
        }
        add(.distinct, text)
        add(.mean, quantity, or: -7)
        return outputs
    }()

    /// - Parameter spread: the longest step forward; late events are so far back at most.
    static func history(seed: Int, count: Int, spread: Int64, late: Int64) -> [TileEvent] {
        var random = HistoryRandom(seed: UInt64(seed))
        var events: [TileEvent] = []
        var now: Int64 = seed % 2 == 0 ? -20_000 : 5
        var watermark = Int64.min / 4
        for _ in 0..<count {
            var back: Int64 = 0
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<4: break
            case 4..<8: back = Int64.random(in: 0...max(1, late), using: &random)
            case 8: back = Int64.random(in: 0...(spread * 6), using: &random)
            case 9: now += spread * Int64.random(in: 1...30, using: &random)
            default: now += Int64.random(in: 0...spread, using: &random)
            }
            let time = now - back
            // Other keys move the watermark, too.
            watermark = max(watermark, time)
            if random.chance(3) { watermark += Int64.random(in: 0...(late * 2 + 1), using: &random) }
            events.append(anyEvent(time: time, watermark: watermark, &random))
        }
        return events
    }

    static func anyEvent(time: Int64, watermark: Int64, _ random: inout HistoryRandom) -> TileEvent {
        let ratios = [0.0, -0.0, 1.5, -3, .nan, 1e-5, 1e9]
        return TileEvent(
            time: time, watermark: watermark, amount: Int64.random(in: -300...9_000, using: &random),
            quantity: random.chance(60) ? Int64.random(in: 0...9, using: &random) : nil,
            ratio: random.chance(30)
                ? ratios[Int.random(in: 0..<ratios.count, using: &random)] : .random(in: -2...80, using: &random),
            text: random.chance(20) ? 0 : UInt64.random(in: 1...12, using: &random) &* 0x9E37_79B9_7F4A_7C15,
            flag: random.chance(40))
    }
}

/// The window of one key, with memory of its own.
final class TileRun {
    let layout: TileLayout
    let kernel: TileKernel
    let view: UnsafeMutableRawPointer
    var record: UnsafeMutableRawPointer
    var arena = BlockArena()
    /// Tiles that were forgotten at the limit.
    var forgotten = 0

    init(_ plan: TiledWindowPlan) {
        layout = TileLayout(plan)
        view = .allocate(byteCount: layout.tileBytes, alignment: 8)
        kernel = TileKernel(layout, view: view)
        record = .allocate(byteCount: layout.recordBytes, alignment: 8)
        kernel.makeBlank(record)
    }

    deinit {
        kernel.release(record, &arena)
        record.deallocate()
        view.deallocate()
    }

    func take(_ event: TileEvent) -> [Double] {
        var features = [Double](repeating: .nan, count: layout.outputs.count)
        forgotten += kernel.take(
            record, time: event.time, watermark: event.watermark, values: event.words, to: &features, &arena)
        return features
    }

    func ask(time: Int64, watermark: Int64) -> [Double] {
        var features = [Double](repeating: .nan, count: layout.outputs.count)
        kernel.ask(record, time: time, watermark: watermark, to: &features, &arena)
        return features
    }

    var tileCount: Int {
        let head = kernel.head(record).pointee
        return Int(head.tail - head.head)
    }

    var image: [UInt8] { imageBytes(count: kernel.imageByteCount(record)) { kernel.writeImage(record, to: $0) } }

    /// Takes the place of what is there.
    func restore(_ image: [UInt8]) -> Bool {
        kernel.release(record, &arena)
        return image.withUnsafeBytes { kernel.restore(record, image: $0, newestMax: .max, &arena) }
    }
}
