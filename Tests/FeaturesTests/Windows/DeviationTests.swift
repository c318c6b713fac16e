import Events
import Testing

@testable import Features

struct DeviationTests {
    /// Against the exact deviation, rounded: distances from the rounded mean, and what that rounding adds.
    static func exact(_ values: some Collection<Double>) -> Double {
        let count = Double(values.count)
        let mean = ExactSum.of(values) / count
        let distances = values.map { $0 - mean }
        let rest = ExactSum.of(distances)
        return max(0, (ExactSum.of(distances.map { $0 * $0 }) - rest * rest / count) / (count - 1)).squareRoot()
    }

    @Test func integersOfAnySizeAreExact() {
        var random = HistoryRandom(seed: 11)
        let corners = [0, 1, -1, Int64.max, Int64.min, Int64.max - 1, 1 << 32, -(1 << 32)]
        var deviation = IntegerDeviation.zero
        var values: [Int64] = []
        for step in 0..<4_000 {
            let value = random.chance(50) ? corners[step % corners.count] : Int64(bitPattern: random.next())
            deviation.add(value)
            values.append(value)
            if values.count > 12 { deviation.remove(values.removeFirst()) }
            if values.count < 2 {
                #expect(deviation.value.isNaN)
                continue
            }
            let wanted = Self.exact(values.map(Double.init))
            #expect((deviation.value - wanted).magnitude <= 1e-12 * wanted, "step \(step)")
        }
    }

    /// Neighbours among the largest integers differ by one, which no double can tell.
    @Test func whatIsLostInDoublesIsKept() {
        var deviation = IntegerDeviation.zero
        for value in [Int64.max, Int64.max - 1, Int64.max, Int64.max - 1] { deviation.add(value) }
        #expect(deviation.value == (1.0 / 3).squareRoot())
        for value in [Int64.max, Int64.max - 1, Int64.max, Int64.max - 1] { deviation.remove(value) }
        #expect(deviation.value.isNaN && deviation.sum.value == 0 && deviation.squaresHigh == 0)
    }

    /// Through the engine, with values of all sizes coming and going.
    @Test(arguments: ["amounts", "spikes", "far from zero", "steps", "exponents", "falling"])
    func manyStepsStayExact(kind: String) {
        var random = HistoryRandom(seed: 5)
        var plan = HistoryPlan()
        let lengths: [Int64] = [3, 50, 400]
        plan.add(
            key: HistoryField.device,
            windows: lengths.map { WindowPlan(delayMicroseconds: 0, lengthMicroseconds: $0) },
            columns: [HistoryPlan.allColumns[3]], asking: [.init(.stddev, 0)], late: 0)
        let values = (0..<8_000).map { step -> Double in
            let noise = Double(random.next() >> 11) * 0x1p-53
            switch kind {
            case "spikes": return step % 700 == 7 ? 1e14 * (1 + noise) : noise
            case "far from zero": return 1e9 + noise * 1e-2
            case "steps": return Double(step / 350 % 3) * 1e9 + noise * 1e-3
            case "exponents": return Double(sign: .plus, exponent: Int(random.next() % 200) - 100, significand: noise)
            case "falling": return Double(sign: .plus, exponent: -(step % 60) * 4, significand: 1 + noise)
            default: return noise * 100
            }
        }
        let events = values.enumerated().map { HistoryEvent(time: Int64($0.offset), ratio: $0.element) }
        let features = HistoryRun(plan).features(events)
        var worst = 0.0
        for step in stride(from: 10, to: values.count, by: 23) {
            for (index, length) in lengths.enumerated() {
                let wanted = Self.exact(values[max(0, step + 1 - Int(length))...step])
                if wanted > 0 { worst = max(worst, (features[step][index] - wanted).magnitude / wanted) }
            }
        }
        #expect(worst <= 1e-12, "\(kind): \(worst)")
    }

    @Test func equalValuesDeviateByNothing() {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 5)],
            columns: [HistoryPlan.allColumns[3]], asking: [.init(.stddev, 0)], late: 0)
        let values = [5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 1e200, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
        let events = values.enumerated().map { HistoryEvent(time: Int64($0.offset), ratio: $0.element) }
        let features = HistoryRun(plan).features(events).map { $0[0] }
        #expect(features[0].isNaN)
        #expect(features[5] == 0 && features[6] == 0)
        // A value without a square: missing while it is there.
        #expect(features[7].isNaN && features[11].isNaN)
        #expect(features[12] == 0)
    }
}
