import Events
import Testing

@testable import Features

/// The text by which plans know that they may use each other's state.
struct StateLayoutTests {
    struct Shape {
        var key = HistoryField.customer
        var windows: [HistoryPlan.Window] = [(delay: 0, length: 10), (delay: 5, length: 20)]
        var columns: [ValueColumnPlan] = [HistoryPlan.allColumns[0], .doubles(compiled("ratio * 2"))]
        var late: Int64 = 3
        var limits = FeatureLimits()
        var schema = HistoryField.schema
        var meanDefault: Double?

        var text: String {
            var plan = HistoryPlan()
            plan.add(key: key, windows: windows, columns: columns, late: late, meanDefault: meanDefault)
            return plan.plan.stateLayout(schema: schema, limits: limits)
        }
    }

    private func schema(_ change: (inout [FieldPlan]) -> Void) -> EventSchema {
        var fields = HistoryField.schema.fields
        change(&fields)
        return EventSchema(fields: fields, time: .record)
    }

    @Test func whatStateDependsOnIsInIt() {
        var texts = [Shape().text]
        func add(_ change: (inout Shape) -> Void) {
            var shape = Shape()
            change(&shape)
            texts.append(shape.text)
        }
        add { $0.key = HistoryField.device }
        add { $0.windows[0].length = 11 }
        add { $0.windows[1].delay = 6 }
        add { $0.windows.removeLast() }
        add { $0.columns[0] = HistoryPlan.allColumns[1] }
        add { $0.columns[0] = .integers(field: HistoryField.amount, scale: 2, mayBeMissing: true) }
        add { $0.columns[1] = .doubles(compiled("ratio * 3")) }
        add { $0.columns[1] = .doubles(compiled("ratio + 2")) }
        add { $0.columns[1] = .doubles(compiled("max(ratio, 2)")) }
        add { $0.columns[1] = .doubles(compiled("if flag then ratio else 2")) }
        add { $0.columns.swapAt(0, 1) }
        add { $0.columns.removeLast() }
        add { $0.late = 4 }
        add { $0.limits.shardCount = 17 }
        add { $0.limits.keysPerEntity = 17 }
        add { $0.limits.eventsPerKey = 17 }
        add { shape in shape.schema = schema { $0[0] = FieldPlan(name: "customer", path: ["card"], type: .string) } }
        add { shape in shape.schema = schema { $0[5] = FieldPlan(name: "ratio", path: ["ratio"], type: .int) } }
        #expect(Set(texts).count == texts.count)
    }

    @Test func whatMayChangeIsNotInIt() {
        var shape = Shape()
        shape.columns[1] = .doubles(compiled(" ( ratio )*2.0"))
        shape.meanDefault = 7
        shape.schema = schema { $0[3] = FieldPlan(name: "quantity", path: ["n"], type: .float) }
        #expect(shape.text == Shape().text)
        // Features on top, and their order, are no state.
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 0, length: 10)])
        let alone = plan.plan
        let more = FeaturePlan(
            names: ["x"] + alone.names, entities: alone.entities,
            expressions: [ExpressionFeaturePlan(feature: FeatureIndex(1), expression: compiled("ratio"))])
        let limits = FeatureLimits()
        #expect(
            alone.stateLayout(schema: HistoryField.schema, limits: limits)
                == more.stateLayout(schema: HistoryField.schema, limits: limits))
    }

    @Test func expressionsAreOneTextHoweverTheyAreWritten() {
        #expect(compiled("ratio+1").canonicalText == compiled("( ratio  + 1.0 )").canonicalText)
        #expect(compiled("ratio - (1 - quantity)").canonicalText != compiled("(ratio - 1) - quantity").canonicalText)
        #expect(
            compiled("customer in [\"a b\", \"c\"]").canonicalText
                != compiled("customer in [\"a\", \"b c\"]").canonicalText)
        #expect(compiled("not flag").canonicalText == "flag not")
    }
}
