import Events
import Testing

@testable import Features

/// What is kept for aggregates beyond sums, as texts and plans name it.
struct StateTrackLayoutTests {
    struct Shape {
        var source = 0
        var askedBy = HistoryField.device
        var windows = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 10),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded),
        ]
        var columns = [ValueColumnPlan.doubles(compiled("ratio")), ValueColumnPlan(.ones, filter: compiled("flag"))]
        var asking: [HistoryPlan.Asked] = [.init(.max, 0), .init(.quantile, 0, 0.5), .init(.ewma, 0, 60)]

        var plan: FeaturePlan {
            var plan = HistoryPlan()
            plan.add(
                source: source, key: HistoryField.device, askedBy: askedBy, windows: windows, columns: columns,
                asking: asking, late: 3)
            return plan.plan
        }

        var text: String { plan.stateLayout(schema: HistoryField.schema, limits: FeatureLimits()) }
    }

    private func text(_ change: (inout Shape) -> Void) -> String {
        var shape = Shape()
        change(&shape)
        return shape.text
    }

    @Test func whatStateDependsOnIsInIt() {
        let texts = [
            Shape().text, text { $0.source = 1 },
            text {
                $0.askedBy = HistoryField.asked; $0.source = 1
            },
            text { $0.windows.removeLast() }, text { $0.asking[0] = .init(.min, 0) },
            text { $0.asking[0] = .init(.first, 0) }, text { $0.asking[0] = .init(.stddev, 0) },
            text { $0.asking[0] = .init(.distinct, 0) }, text { $0.asking.removeFirst() },
            text { $0.asking[2] = .init(.ewma, 0, 61) }, text { $0.asking[0] = .init(.rate, 1, 5) },
            text { $0.columns[1] = ValueColumnPlan(.ones, filter: compiled("not flag")) },
            text { $0.columns[1] = ValueColumnPlan(.ones) },
            text { $0.columns[0] = ValueColumnPlan(.doubles(compiled("ratio")), filter: compiled("flag")) },
        ]
        #expect(Set(texts).count == texts.count)
    }

    /// Tiles of other widths, and other parts of them, are other state; the event itself is in none.
    @Test func tilesAreInIt() {
        func window(_ tile: Int64, includesCurrent: Bool = true) -> WindowPlan {
            WindowPlan(
                delayMicroseconds: 0, lengthMicroseconds: 10, includesCurrent: includesCurrent, tileMicroseconds: tile)
        }
        let texts = [
            Shape().text, text { $0.windows[0] = window(1) }, text { $0.windows[0] = window(2) },
            text {
                $0.windows[0] = window(1); $0.asking[0] = .init(.min, 0)
            },
            text {
                $0.windows[0] = window(1); $0.asking[0] = .init(.count, 1)
            },
            text {
                $0.windows[0] = window(1); $0.asking.removeFirst()
            },
        ]
        #expect(Set(texts).count == texts.count)
        #expect(text { $0.windows[0] = window(1, includesCurrent: false) } == texts[1])
    }

    /// What is only computed from the same state is not in it.
    @Test func whatMayChangeIsNotInIt() {
        #expect(text { $0.asking[1] = .init(.quantile, 0, 0.99) } == Shape().text)
        #expect(text { $0.asking.append(.init(.max, 0, or: 5)) } == Shape().text)
        let last = text { $0.asking[0] = .init(.last, 0) }
        #expect(text { $0.asking[0] = .init(.previous, 0) } == last)
    }

    @Test func plansSayWhatIsUnbounded() {
        let plan = Shape().plan
        let entity = plan.entities[0]
        #expect(entity.isUnbounded)
        #expect(plan.unboundedFeatures == [2, 3, 4].map { FeatureIndex($0) })
        #expect(entity.aggregates.map { $0.isUnbounded(in: entity) } == [false, false, true, true, true])
        #expect(plan.horizonMicroseconds == 13)
        var shape = Shape()
        shape.windows.removeLast()
        #expect(!shape.plan.entities[0].isUnbounded && shape.plan.unboundedFeatures.isEmpty)
    }

    /// Keys that know something since the beginning stay, however old, until the limit of keys.
    @Test func keysWithABeginningStay() {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device,
            windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded)], columns: [],
            asking: [.init(.count)], late: 0)
        let run = HistoryRun(plan, limits: FeatureLimits(keysPerEntity: 1_000, shardCount: 1))
        let events = (0..<1_200).map { HistoryEvent(time: Int64($0) * 1_000, device: Int64($0 % 600)) }
        #expect(run.features(events).map { $0[0] } == (0..<1_200).map { $0 < 600 ? 1 : 2 })
        #expect(run.engine.statistics.keys == 600 && run.engine.statistics.keysEmptied == 0)
        let more = (0..<700).map { HistoryEvent(time: 2_000_000 + Int64($0), device: 10_000 + Int64($0)) }
        _ = run.features(more)
        #expect(run.engine.statistics.keysEvicted > 100 && run.engine.statistics.keys <= 1_000)
    }

    /// A row that only asks makes no key, and leaves nothing behind.
    @Test func askingMakesNoKey() {
        var plan = HistoryPlan()
        plan.add(
            source: 1, key: HistoryField.device, askedBy: HistoryField.asked,
            windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 100)], columns: [HistoryPlan.allColumns[0]],
            asking: [.init(.count), .init(.max, 0, or: -1)], late: 50)
        let run = HistoryRun(plan)
        let asks = (0..<5).map { HistoryEvent(time: Int64($0), device: nil, asked: 7) }
        #expect(run.features(asks) == Array(repeating: [0, -1], count: 5))
        #expect(run.engine.statistics.keys == 0)
        let label = HistoryEvent(time: 2, device: 7, amount: 500, source: 1)
        let later = HistoryEvent(time: 4, device: nil, asked: 7)
        #expect(run.features([label, later, label, later]) == [[], [1, 5], [], [2, 5]])
        #expect(run.engine.statistics.keys == 1)
    }
}
