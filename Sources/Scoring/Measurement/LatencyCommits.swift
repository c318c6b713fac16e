import Engine
import Foundation
import Histogram

/// An output: when its event was meant to be sent, and when it came; nanoseconds of the schedule's clock.
struct LatencyArrival: Hashable {
    let intended: Int64
    let arrived: Int64
}

/// How long outputs take until they are committed, where the cluster shows them before.
///
/// An output counts from when its event was meant to be sent to the first commit that ended behind its arrival. Where its
/// own commit ended before the output was read, that is the next one: such outputs, a few in a hundred, seem late by a
/// commit interval, never early.
struct LatencyCommits {
    /// When commits ended, in order, by the schedule's clock.
    let ends: [Int64]

    init(ends: [Int64]) { self.ends = ends.sorted() }

    /// - Parameters:
    ///   - times: by the wall clock of this machine.
    ///   - start: where that clock stood when the schedule's began.
    init(_ times: [Date], start: Date) {
        self.init(ends: times.map { Int64($0.timeIntervalSince(start) * 1e9) })
    }

    /// `nil` where no commit has followed.
    func end(after time: Int64) -> Int64? {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low < ends.count ? ends[low] : nil
    }

    func result(of arrivals: [LatencyArrival]) -> LatencyBench.Result {
        var nanoseconds = LatencyCollector.makeHistogram()
        for arrival in arrivals {
            guard let end = end(after: arrival.arrived) else { continue }
            _ = nanoseconds.record(UInt64(max(0, end - arrival.intended)))
        }
        return LatencyBench.Result(nanoseconds)
    }
}

extension LatencyBench.Result {
    init(_ nanoseconds: Histogram<UInt64>) {
        self.init()
        if nanoseconds.totalCount == 0 { return }
        func milliseconds(_ percentile: Double) -> Double { Double(nanoseconds.valueAtPercentile(percentile)) / 1e6 }
        (p50, p90) = (milliseconds(50), milliseconds(90))
        (p99, p999) = (milliseconds(99), milliseconds(99.9))
        most = Double(nanoseconds.max) / 1e6
        measured = Int(nanoseconds.totalCount)
    }
}
