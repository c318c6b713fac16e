import CoreMetrics
import Synchronization

/// One line of the exposition, or one histogram of it; lives as long as the registry or until its gauge is destroyed.
class MetricSeries {
    /// As they are shown, in the order of the spec's labels.
    let labelValues: [String]

    init(labelValues: [String]) { self.labelValues = labelValues }
}

/// A number that only rises.
///
/// Complexity: an atomic addition a call for whole numbers; for fractions a loop that others' additions may repeat.
// SAFETY: `labelValues` is constant and the numbers are atomic.
final class CounterSeries: MetricSeries, CounterHandler, FloatingPointCounterHandler, @unchecked Sendable {
    private let whole = Atomic<UInt64>(0)
    private let fraction = AtomicDouble(0)

    func increment(by amount: Int64) {
        if amount > 0 { whole.add(UInt64(amount), ordering: .relaxed) }
    }

    func increment(by amount: Double) {
        if amount > 0 && amount.isFinite { fraction.add(amount) }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0)
    }

    var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.value }
}

/// The latest value.
// SAFETY: `labelValues` is constant and the number is atomic.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler, @unchecked Sendable {
    /// No number: nothing was set yet.
    private let number = AtomicDouble(.nan)

    func set(_ value: Int64) { number.store(Double(value)) }
    func set(_ value: Double) { number.store(value) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func increment(by amount: Double) { number.add(amount, from: 0) }
    func decrement(by amount: Double) { number.add(-amount, from: 0) }

    /// `nil` before the first one.
    var value: Double? {
        let value = number.value
        return value.isNaN ? nil : value
    }
}

/// How many values fell between which bounds.
///
/// Complexity: a search among the bounds, two atomic additions.
// SAFETY: `labelValues`, `bounds` and the pointer are constant; what it points to is atomic.
final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler, @unchecked Sendable {
    private let bounds: [Double]
    /// One more than there are bounds: the last takes what is above all of them.
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let total = AtomicDouble(0)

    init(labelValues: [String], bounds: [Double]) {
        self.bounds = bounds
        counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
        super.init(labelValues: labelValues)
    }

    deinit {
        counts.deinitialize(count: bounds.count + 1)
        counts.deallocate()
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if value.isNaN { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index].add(1, ordering: .relaxed)
        total.add(value)
    }

    /// Adds values that were counted elsewhere: one count for each bound and one for what is above all.
    func add(_ more: [UInt64], sum: Double) {
        for (index, count) in more.enumerated() where count > 0 { counts[index].add(count, ordering: .relaxed) }
        if sum != 0 { total.add(sum) }
    }

    /// Histograms of time are in seconds.
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    /// The count up to each bound, the bounds' order kept, and the count of all.
    ///
    /// What comes while it is read is in all of them or in the later ones only: counts never fall from bound to bound.
    func cumulative() -> (upTo: [UInt64], all: UInt64) {
        var sum: UInt64 = 0
        var upTo: [UInt64] = []
        for index in 0...bounds.count {
            sum &+= counts[index].load(ordering: .relaxed)
            upTo.append(sum)
        }
        return (upTo.dropLast(), sum)
    }

    var sum: Double { total.value }
}

/// A double that several threads add to.
struct AtomicDouble: ~Copyable {
    private let bits: Atomic<UInt64>

    init(_ value: Double) { bits = Atomic(value.bitPattern) }

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// - Parameter start: stands in for what is no number yet.
    func add(_ amount: Double, from start: Double = .nan) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let value = Double(bitPattern: old)
            let new = (value.isNaN ? start : value) + amount
            let (exchanged, original) = bits.weakCompareExchange(
                expected: old, desired: new.bitPattern, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}

/// Takes what belongs to no declared metric.
final class NoSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    func increment(by: Int64) {}
    func increment(by: Double) {}
    func decrement(by: Double) {}
    func set(_: Int64) {}
    func set(_: Double) {}
    func record(_: Int64) {}
    func record(_: Double) {}
    func recordNanoseconds(_: Int64) {}
    func reset() {}
}
