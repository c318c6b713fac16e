import Testing

@testable import Monitoring

@Suite struct LabelSeriesTests {
    @Test func seriesOfAPlan() {
        let plan = LabelJoinPlan(
            decisions: ["block", "review", "allow"], bucket: LabelHistory.minute, within: LabelHistory.hour,
            window: LabelHistory.hour)
        let series = LabelSeries.all(of: plan)
        #expect(
            series.map(\.name.description)
                == ["positives", "precision(block)", "recall(block)", "precision(review)", "recall(review)"])
        func values(_ decision: UInt16, _ isPositive: Bool?) -> [Bool?] {
            let event = JoinedEvent(time: 0, score: 0.5, decision: decision, version: 0, isPositive: isPositive)
            return series.map { $0.value(of: event) }
        }
        #expect(values(0, true) == [true, true, true, nil, false])
        #expect(values(1, false) == [false, nil, nil, false, nil])
        #expect(values(2, true) == [true, nil, false, nil, false])
        #expect(values(2, false) == [false, nil, nil, nil, nil])
        #expect(values(0, nil) == [nil, nil, nil, nil, nil])
    }
}
