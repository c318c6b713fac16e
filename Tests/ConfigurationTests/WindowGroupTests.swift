import Diagnostics
import Events
import Features
import Testing

@testable import Configuration

/// Groups of windows: lengths, filters, accuracy, and which of them share what.
@Suite struct WindowGroupTests {
    private func entity(_ groups: String) throws -> EntityPlan {
        let plan = try PlanTests.compile(PlanTests.text(features: groups))
        #expect(plan.features.entities.count == 1)
        return plan.features.entities[0]
    }

    private func codes(_ groups: String) -> [String] {
        var file = PipelineFile.load(
            bytes: Array(PlanTests.text(features: groups).utf8), path: "p.yaml", environment: [:])
        let plan = file.compile()
        #expect((plan == nil) == file.diagnostics.hasErrors)
        return file.diagnostics.map(\.code)
    }

    @Test(
        arguments: [
            ("exact", AccuracySpec.exact), ("tiled(1%)", .tiled(hundredthsOfPercent: 100)),
            ("tiled(0.1%)", .tiled(hundredthsOfPercent: 10)),
            ("tiled(10%)", .tiled(hundredthsOfPercent: 1000)), ("tiled(2.25%)", .tiled(hundredthsOfPercent: 225)),
            ("tiled(0.05%)", nil), ("tiled(11%)", nil),
            ("tiled", nil), ("tiled()", nil), ("tiled(%)", nil), ("tiled(1)", nil), ("tiled(-1%)", nil),
            ("tiled(1e9%)", nil), ("tiled(1.005%)", nil), ("Exact", nil), ("", nil), ("tiled(1%) ", nil),
        ] as [(String, AccuracySpec?)])
    func accuracies(text: String, accuracy: AccuracySpec?) {
        #expect(AccuracySpec(text) == accuracy)
    }

    @Test(arguments: [
        ("1s", true), ("999ms", false), ("400d", true), ("9601h", false), ("34_560_000s", true), ("0s", false),
        ("all", true), ("forever", false),
    ])
    func lengthsHaveBounds(length: String, isLegal: Bool) {
        let group = "[{by: customer_id, over: [\(length)], aggregates: {n: count()}}]"
        #expect(codes(group).isEmpty == isLegal, "\(codes(group))")
    }

    /// Tiles go by window: exact groups of the same field share the entity, and `all` stays what it is.
    @Test func tilesGoByWindow() throws {
        let entity = try entity(
            """

              - {by: customer_id, over: [1h, 30d, all], accuracy: tiled(0.5%), aggregates: {a: count(), b: sum(tx_amount)}}
              - {by: customer_id, over: [1h, 30d], accuracy: exact, aggregates: {c: count()}}
              - {by: customer_id, over: 30d, accuracy: tiled(1%), include_current: false, aggregates: {d: mean(tx_amount)}}
            """)
        let hour: Int64 = 3_600_000_000
        #expect(
            entity.windows.map(\.tileMicroseconds) == [hour / 200, 30 * 24 * hour / 200, 0, 0, 0, 30 * 24 * hour / 100])
        #expect(entity.windows.map(\.isUnbounded) == [false, false, true, false, false, false])
        #expect(entity.aggregates.map(\.window) == [0, 1, 2, 0, 1, 2, 3, 4, 5])
        // Both read the amount; the ring does not hold it, since no exact window does.
        #expect(entity.valueColumns.count == 1)
    }

    @Test func aKeyHasABoundedNumberOfTiles() {
        func codes(_ length: String, _ delay: String, _ part: String) -> [String] {
            self.codes(
                "[{by: customer_id, over: \(length), delay: \(delay), accuracy: tiled(\(part)), aggregates: {n: count()}}]"
            )
        }
        #expect(codes("1h", "30d", "0.1%") == [])
        #expect(codes("1s", "30d", "1%") == ["too-many-tiles"])
        #expect(codes("1s", "0s", "0.1%") == [])
        #expect(codes("400d", "400d", "0.1%") == [])
        #expect(codes("all", "30d", "0.1%") == [])
    }

    @Test func oneLengthNeedsNoList() throws {
        let list = try entity("[{by: customer_id, over: [7d], aggregates: {n: count()}}]")
        let single = try entity("[{by: customer_id, over: 7d, aggregates: {n: count()}}]")
        #expect(list.windows == single.windows)
        let plan = try PlanTests.compile(
            PlanTests.text(features: "[{by: customer_id, over: [all, 1d], aggregates: {n: count()}}]"))
        #expect(plan.features.names == ["n_all", "n_1d"])
        #expect(plan.features.entities[0].windows.map(\.isUnbounded) == [true, false])
    }

    /// What is equal is kept once, however it is written; what differs in a filter is not.
    @Test func equalColumnsAreShared() throws {
        let entity = try entity(
            """

              - by: customer_id
                over: 1d
                where: limit > 1
                aggregates:
                  a: sum(tx_amount)
                  b: {value: mean(tx_amount), where: distance > 2}
                  c: count()
              - by: customer_id
                over: 7d
                aggregates:
                  d: {value: max(tx_amount), where: (limit>1)}
                  e: {value: distinct(tx_amount), where: "(limit > 1) and distance > 2"}
                  f: {value: sum(tx_amount), where: limit > 2}
                  g: sum(tx_amount)
                  h: {value: rate(1h), where: limit > 1}
                  i: count()
                  j: distinct(terminal_id)
                  k: {value: sum(tx_amount), where: "true"}
                  l: sum(distance)
                  m: distinct((distance))
            """)
        let columns = entity.aggregates.map(\.valueColumn)
        #expect(columns == [0, 1, 2, 0, 1, 3, 4, 2, nil, 5, 4, 6, 6])
        let forms = entity.valueColumns.map { "\(PlanTests.form($0)) \($0.filter?.canonicalText ?? "-")" }
        #expect(
            forms == [
                "integers 2 false limit 1.0 >", "integers 2 false limit 1.0 > distance 2.0 > and",
                "ones limit 1.0 >", "integers 2 false limit 2.0 >", "integers 2 false -", "hashes -", "doubles -",
            ])
    }

    @Test func delayedWindowsHoldNoCurrentEventAnyhow() throws {
        let entity = try entity(
            """

              - {by: customer_id, over: 1d, aggregates: {a: count()}}
              - {by: customer_id, over: 1d, include_current: false, aggregates: {b: count()}}
              - {by: customer_id, over: 1d, delay: 1h, include_current: false, aggregates: {c: count()}}
              - {by: customer_id, over: 1d, delay: 1h, aggregates: {d: count()}}
            """)
        #expect(entity.windows.map(\.includesCurrent) == [true, false, true])
        #expect(entity.aggregates.map(\.window) == [0, 1, 2, 2])
    }

    /// Two filters that are as large and as dubious as may be hold together.
    @Test func theLargestFiltersGoTogether() throws {
        func nested(_ field: String) -> String {
            let depth = ExpressionLimits().depthMax - 1
            return String(repeating: "(", count: depth) + "\(field) > 1" + String(repeating: ")", count: depth)
        }
        func dubious(_ count: Int) -> String {
            (0..<count).map { "limit > \($0) / 0" }.joined(separator: " or ")
        }
        for (first, second) in [(nested("limit"), nested("distance")), (dubious(9), dubious(9))] {
            let entity = try entity(
                "[{by: customer_id, over: 1d, where: \"\(first)\", aggregates: {n: {value: count(), where: \"\(second)\"}}}]"
            )
            #expect(entity.valueColumns.count == 1 && entity.valueColumns[0].filter != nil)
        }
        let many = (0..<60).map { "limit in [\($0), \($0 + 1)]" }.joined(separator: " and ")
        let other = (100..<160).map { "limit == \($0)" }.joined(separator: " or ")
        let entity = try entity(
            "[{by: customer_id, over: 1d, where: '\(many)', aggregates: {n: {value: count(), where: '\(other)'}}}]")
        #expect(entity.valueColumns[0].filter?.type == .bool)
    }

    /// A group's filter is repeated in its aggregates, which a small file could do without end.
    @Test func repeatedFiltersAreBounded() {
        let filter = (0..<600).map { "limit > \($0 % 100)" }.joined(separator: " or ")
        let aggregates = (0..<400).map { "a\($0): {value: count(), where: limit > \($0)}" }.joined(separator: ", ")
        func group(_ aggregates: String) -> String {
            "[{by: customer_id, over: 1d, where: \(filter), aggregates: {\(aggregates)}}]"
        }
        #expect(codes(group("a: {value: count(), where: limit > 1}")) == [])
        #expect(codes(group(aggregates)) == ["expression-too-long"])
    }

    @Test func filtersReadWhatAggregatesRead() {
        let group = "{by: customer_id, over: 1d, where: WHERE, aggregates: {n: count()}}"
        func codes(_ filter: String) -> [String] {
            self.codes("[{a: tx_amount}, \(group.replacing("WHERE", with: filter))]")
        }
        #expect(codes("tx_amount > 1") == [])
        #expect(codes("a > 1") == ["unavailable-name"])
        #expect(codes("n_1d > 1") == ["unavailable-name"])
        #expect(codes("tx_amount") == ["type-mismatch"])
        #expect(codes("tx_fraud") == ["label-leakage"])
        #expect(codes("amuont > 1") == ["unknown-name"])
        #expect(codes("'tx_amount >'") == ["expression-syntax"])
        #expect(codes("terminal_id == 'a' and event_time > event_time") == [])
    }

    @Test func everyProblemOfAnAggregateIsReported() {
        let found = codes(
            "[{by: customer_id, over: [1d, all], where: oops, aggregates: {n: {value: rate(1), where: limit}, m: maen(limit)}}]"
        )
        #expect(found.sorted() == ["type-mismatch", "type-mismatch", "unknown-aggregate", "unknown-name"])
    }
}
