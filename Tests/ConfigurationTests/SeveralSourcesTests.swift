import Configuration
import Diagnostics
import Events
import Features
import Foundation
import Testing

/// Pipelines with more than one source: their columns in a batch, and who reads what.
@Suite struct SeveralSourcesTests {
    private func plan() throws -> PipelinePlan {
        let (file, plan, _) = try GoldenCase.named("valid-several-sources").check()
        return try #require(plan, "\(file.rendered())")
    }

    @Test func columnsOfAllSourcesStandSideBySide() throws {
        let plan = try plan()
        #expect(plan.sources.map(\.name) == ["transactions", "labels", "logins"])
        #expect(plan.sources.map(\.topic) == ["card.transactions", "card.labels", "web.logins"])
        #expect(plan.sources.map(\.columns) == [0..<5, 5..<10, 10..<12])
        #expect(
            plan.schema.fields.map(\.name) == [
                "transaction_id", "customer_id", "terminal_id", "tx_amount", "tx_datetime", "labels.transaction_id",
                "labels.terminal_id", "labels.tx_fraud", "labels.tx_datetime", "labels.labelled_at",
                "logins.customer_id", "logins.device",
            ])
        #expect(plan.schema.time == plan.sources[0].schema.time)
        for source in plan.sources {
            for (index, field) in source.schema.fields.enumerated() {
                let column = plan.schema.fields[source.column(of: FieldIndex(index)).rawValue]
                #expect(column.path == field.path && column.type == field.type)
            }
        }
    }

    @Test func timesOrderAndPlace() throws {
        let sources = try plan().sources
        let (transactions, labels, logins) = (sources[0], sources[1], sources[2])
        #expect(!transactions.hasOwnAvailability && !logins.hasOwnAvailability)
        #expect(labels.schema.time == .field(FieldIndex(3)) && labels.available == .field(FieldIndex(4)))
        #expect(labels.schema.fields[4].type == .time(.iso8601))
        #expect(labels.late == LatePolicy(afterMicroseconds: 86_400_000_000, action: .drop))
        #expect(labels.schema.aheadMicroseconds == 7_200_000_000)
        #expect(transactions.late == LatePolicy(afterMicroseconds: 600_000_000, action: .score))
        #expect(logins.schema.time == .record && logins.available == .record)
        #expect(labels.key == FieldIndex(1) && labels.id == nil && transactions.id == FieldIndex(0))
    }

    /// Which entity's events come from where, and which field of the scored source asks.
    @Test func entitiesBelongToSources() throws {
        let plan = try plan()
        let entities = plan.features.entities
        #expect(entities.map(\.source) == [0, 1, 2, 0])
        #expect(entities.map(\.keyField) == [2, 6, 10, 1].map { FieldIndex($0) })
        #expect(entities.map(\.queryKeyField) == [2, 2, 1, 1].map { FieldIndex($0) })
        let day: Int64 = 86_400_000_000
        #expect(entities.map(\.lateMicroseconds) == [600_000_000, day, 600_000_000, 600_000_000])
        // The label of a terminal is read with a delay and without, out of one store.
        #expect(entities[1].windows.map(\.delayMicroseconds) == [7 * day, 7 * day, 0])
        let reads = entities.flatMap(\.valueColumns).flatMap { column in
            var expressions = column.filter.map { [$0] } ?? []
            if case .doubles(let expression) = column.content { expressions.append(expression) }
            return expressions.flatMap(\.references)
        }
        #expect(Set(reads.map(\.name)) == ["labels.tx_fraud", "logins.device", "event_time"])
        #expect(!plan.isOrderIrrelevant)
        #expect(plan.orderTopic == "card-fraud.order")
    }

    /// The project's own pipeline reads labels from their topic, and its twin from the event: the model's inputs are the
    /// same.
    @Test func cardFraudComesInTwoForms() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("pipelines/card-fraud")
        let plans = try ["pipeline.yaml", "replay-labelled.yaml"].map { name in
            var file = PipelineFile.load(path: folder.appendingPathComponent(name).path, environment: [:])
            let plan = file.compile()
            return try #require(plan, "\(file.rendered())")
        }
        #expect(plans[0].features.names == plans[1].features.names)
        #expect(plans[0].modelInputs == plans[1].modelInputs)
        #expect(plans.map(\.sources.count) == [2, 1])
        #expect(plans[0].features.entities.map(\.source) == [0, 0, 1])
        #expect(plans[1].features.entities.map(\.source) == [0, 0])
        let risk = plans[0].features.entities[2]
        #expect(risk.windows == plans[1].features.entities[1].windows)
        #expect(risk.aggregates.map(\.function) == [.mean, .mean, .mean])
    }

    @Test func oneSourceIsAsItWas() throws {
        let plan = try PlanTests.compile(PlanTests.text(features: "[{a: tx_amount}]"))
        #expect(plan.sources.count == 1 && plan.sources[0].columns == 0..<plan.schema.fields.count)
        #expect(plan.schema == plan.spec.sources[0].schema)
        #expect(plan.sources[0].available == plan.schema.time)
    }

    /// Two files that mean the same have one meaning, and each change of what is computed another.
    @Test func meaningFollowsWhatIsComputed() throws {
        func meaning(_ change: (String) -> String) throws -> [String] {
            let group =
                "{by: customer_id, over: [1d], where: tx_amount > 1, aggregates: {n: {value: sum(limit), where: distance > 2}}}"
            let text = PlanTests.text(features: "[{a: tx_amount}, \(group)]", decide: "[{b: a > 1}]")
            return try PlanTests.compile(change(text)).meaning
        }
        let whole = try meaning { $0 }
        #expect(try meaning { $0.replacing("topic: t", with: "topic: other") } == whole)
        #expect(try meaning { "# a comment\n" + $0 } == whole)
        let changes = [
            ("tx_amount > 1,", "tx_amount > 2,"), ("distance > 2", "distance > 3"), ("over: [1d]", "over: [2d]"),
            ("over: [1d]", "over: [all]"), ("over: [1d]", "over: [1d], include_current: false"),
            ("over: [1d]", "over: [1d], delay: 1s"), ("sum(limit)", "max(limit)"), ("a > 1}", "a > 2}"),
            ("scale: 2", "scale: 3"), ("{a: tx_amount}", "{a: tx_amount + 0}"),
            ("time: {field: at, format: iso8601}", "time: {field: at, format: iso8601}\n    available: record"),
        ]
        for (old, new) in changes {
            let other = try meaning { text in
                #expect(text.contains(old))
                return text.replacing(old, with: new)
            }
            #expect(other != whole, "\(new)")
        }
    }
}
