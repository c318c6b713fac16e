import CAllocationCounter
import Drift
import Testing

/// The monitor's statistics and detectors by themselves. In the suite of the other tests that count, since there is one
/// counter.
extension WarmPathTests {
    @Test func describingAWindowAllocatesNothing() throws {
        let grid = ValueGrid.scores
        var counts = [Int](repeating: 0, count: grid.cellCount)
        for k in 0..<5_000 { counts[k * k % 997] += 1 }
        let reference = try #require(GridReference(grid: grid, counts: counts))
        let windows = (1...20).map { window in
            var counts = [Int](repeating: 0, count: grid.cellCount)
            for k in 0..<1_000 { counts[k * window % (50 * window)] += 1 }
            return counts
        }
        // The first pass makes what the runtime makes once.
        var moved = 0.0
        for window in windows { moved += reference.describe(window).wasserstein }
        allocation_counter_watch_thread(true)
        defer { allocation_counter_watch_thread(false) }
        allocation_counter_start()
        // Without optimisation a loop over the windows themselves allocates.
        for place in 0..<windows.count { moved += reference.describe(windows[place]).wasserstein }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0)
        #expect(moved > 0)
    }

    @Test(arguments: ["adwin", "page-hinkley", "ddm", "eddm", "hddm-a", "hddm-w", "fhddm"])
    func aWarmDetectorAllocatesNothing(name: String) throws {
        var detector = try NamedDetector(name)
        for k in 0..<8_192 { _ = detector.update(k % 17 == 0 ? 1 : 0) }
        var alarms = 0
        allocation_counter_watch_thread(true)
        defer { allocation_counter_watch_thread(false) }
        allocation_counter_start()
        for k in 0..<2_000 where detector.update(k % 17 == 0 ? 1 : 0) { alarms += 1 }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0)
        #expect(alarms < 2_000)
    }
}
