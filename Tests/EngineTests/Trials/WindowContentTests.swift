import Events
import Features
import Testing

@testable import Engine

/// What windows are said to hold, against all events gone through one by one as docs/CONCEPTS.md has it.
struct WindowContentTests {
    private struct Seen {
        let time: Int64
        let customer: String
        let terminal: Int64?
        let cents: Int64
    }

    private static func seen(_ record: TrialRecord, _ row: TrialRow) -> Seen {
        let text = String(decoding: record.value, as: UTF8.self)
        func value(_ name: String) -> String {
            let rest = text.components(after: "\"\(name)\":")
            return String(rest.prefix { $0 != "," && $0 != "}" }).filter { $0 != "\"" }
        }
        return Seen(
            time: row.time.microseconds, customer: value("customer"), terminal: Int64(value("terminal")),
            cents: Int64(value("amount").filter { $0 != "." }) ?? -1)
    }

    @Test(arguments: [1, 2, 3] as [UInt64], [true, false])
    func aWindowHoldsWhatTheConceptsSay(seed: UInt64, restarts: Bool) throws {
        let plan = try EveryAggregateTests.plan()
        let records = TrialTests.records(plan, seed: seed, count: 400)
        let steps = records.enumerated().flatMap { number, record -> [TrialStep] in
            [.records([record])] + (restarts && number % 50 == 49 ? [.restart(.snapshot)] : [])
        }
        let result = try TrialRun(
            plan: plan, steps: steps, recordsOrder: true, inspected: Set(records.indices), shownEventsMax: 1_000
        ).run()
        var past: [Seen] = []
        var (watermark, windows, events, late) = (Int64.min, 0, 0, 0)
        for row in result.rows where row.disposition == .score {
            let own = Self.seen(records[row.record], row)
            watermark = max(watermark, own.time)
            past.append(own)
            for content in row.windows {
                let entity = plan.features.entities[content.entity]
                let window = entity.windows[content.window]
                let isCustomer = plan.schema.fields[entity.keyField.rawValue].name == "customer"
                #expect(content.hasKey == (isCustomer || own.terminal != nil))
                guard content.hasKey, !window.isUnbounded else { continue }
                let horizon = watermark - entity.horizonMicroseconds
                let upTo = own.time - window.delayMicroseconds
                let from = max(upTo - window.lengthMicroseconds, horizon)
                var held = past.indices.filter { index in
                    let other = past[index]
                    let isKey = isCustomer ? other.customer == own.customer : other.terminal == own.terminal
                    let isCurrent = index == past.count - 1
                    return isKey && other.time > from && other.time <= upTo
                        && (!isCurrent || window.includesCurrent)
                }
                // What is forgotten sees itself alone.
                if own.time <= horizon {
                    held = window.includesCurrent && window.delayMicroseconds == 0 ? [past.count - 1] : []
                }
                let wanted = held.sorted { (past[$0].time, $0) < (past[$1].time, $1) }
                let place = "seed \(seed), record \(row.record), window \(content.entity)/\(content.window)"
                guard case .events(let count, let shown) = content.form else {
                    Issue.record("\(place): \(content.form)")
                    continue
                }
                #expect(count == wanted.count, "\(place)")
                #expect(shown.map(\.time) == wanted.map { past[$0].time }, "\(place)")
                #expect(shown.map(\.isCurrent) == wanted.map { $0 == past.count - 1 }, "\(place)")
                let amount = entity.valueColumns.firstIndex { column in
                    if case .integers(_, 2, _) = column.content { column.filter == nil } else { false }
                }
                if let amount {
                    let cents = wanted.map { WindowValue.number(Double(past[$0].cents) / 100) }
                    #expect(shown.map { $0.values[amount] } == cents, "\(place)")
                }
                windows += 1
                events += count
                late += row.isLate ? 1 : 0
            }
        }
        #expect(windows > 800 && events > 2_000 && late > 10, "seed \(seed): \(windows), \(events), \(late)")
    }

    @Test func onlyTheNewestAreShownAndAllAreCounted() throws {
        let plan = try EveryAggregateTests.plan()
        let records = (0..<9).map { number in
            TrialRecord(
                source: 0,
                value: Array(
                    Payment(id: "p\(number)", at: PaymentStream.start + Int64(number) * 1_000, customer: "a").json.utf8)
            )
        }
        let result = try TrialRun(
            plan: plan, steps: records.map { .records([$0]) }, recordsOrder: true, inspected: [8], shownEventsMax: 2
        ).run()
        #expect(result.rows[7].windows.isEmpty)
        let content = try #require(result.rows[8].windows.first)
        guard case .events(let count, let shown) = content.form else {
            Issue.record("\(content)")
            return
        }
        #expect(count == 9)
        #expect(shown.map(\.time) == [7, 8].map { (PaymentStream.start + $0 * 1_000) * 1_000 })
        #expect(shown.map(\.isCurrent) == [false, true])
        #expect(content.upTo == shown[1].time && content.after < content.upTo)
    }
}

extension String {
    /// What stands behind a part of it; empty where it is not there.
    fileprivate func components(after part: String) -> Substring {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(part) { return rest.dropFirst(part.count) }
            rest = rest.dropFirst()
        }
        return ""
    }
}
