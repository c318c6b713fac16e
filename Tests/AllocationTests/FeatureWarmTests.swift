import CAllocationCounter
import Features
import Testing

@testable import Engine

/// Features by themselves: every aggregate there is. In the suite of the other tests that count, since there is one
/// counter.
extension WarmPathTests {
    /// 10,240 events behind as many windows' worth of warm-up, late and missing ones among them.
    @Test(arguments: FeatureRoad.Shape.allCases)
    func everyAggregateOfWarmEventsAllocatesNothing(shape: FeatureRoad.Shape) throws {
        let road = try FeatureRoad(shape)
        Watch.begin(on: road.pool)
        defer { Watch.end() }
        let warm = 40
        for batch in 0..<warm { road.run(batch) }
        let before = road.isFinite
        allocation_counter_start()
        for batch in warm..<warm + 20 { road.run(batch) }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0, "\(shape): \(road.featureCount) features")
        #expect(road.isFinite - before > 20 * FeatureRoad.batchRows * road.featureCount / 2, "\(shape)")
        #expect(road.pool.tasksPerformed.allSatisfy { $0 > 0 })
        #expect(road.statistics.keysEvicted == 0 && road.statistics.eventsForgotten == 0)
    }
}
