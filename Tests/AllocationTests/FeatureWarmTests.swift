import CAllocationCounter
import Features
import Testing
import Workers

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
        var allocations: UInt64 = 0
        var before = 0
        for batch in 0..<warm + 20 {
            road.fill(batch)
            if batch == warm { before = road.finite }
            allocation_counter_start()
            road.process()
            let counted = allocation_counter_stop()
            if batch >= warm { allocations += counted }
            road.check()
        }
        #expect(allocations == 0, "\(shape): \(road.featureCount) features")
        #expect(road.finite - before > 20 * FeatureRoad.batchRows * road.featureCount / 2, "\(shape)")
        #expect(road.pool.tasksPerformed.allSatisfy { $0 > 0 })
        #expect(road.statistics.keysEvicted == 0 && road.statistics.eventsForgotten == 0)
    }
}
