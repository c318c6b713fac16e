import Engine
import Events
import Features

/// Shows one event of those that become dead letters now and then: a producer that has broken should be found in the log,
/// and a thousand broken events should not fill it.
///
/// It belongs to the engine's thread.
struct FaultWatch {
    /// What is worth a line: one event, and how many more of its kind came since the last line.
    struct Line: Hashable {
        let row: Int
        let topic: String
        let code: String
        /// Names fields, never their values.
        let reason: String
        let more: Int
    }

    /// Between two lines of the same code and topic.
    static let everyNanoseconds: Int64 = 60_000_000_000

    private struct Kind: Hashable {
        let source: UInt8
        let code: FaultCode
    }

    private var kinds: [Kind: (told: Int64, more: Int)] = [:]

    /// The lines that are due. Complexity: O(rows), a look at each; nothing is allocated where no event is at fault.
    mutating func lines(_ context: BatchContext, plan: ScoringPlan, now: Int64) -> [Line] {
        let (batch, dispositions) = (context.batch, context.frame.dispositions)
        var lines: [Line] = []
        for row in 0..<batch.count where dispositions[row] == .fault {
            let fault = batch.faults[row]
            let kind = Kind(source: batch.sources[row], code: fault.code)
            if let known = kinds[kind], now - known.told < Self.everyNanoseconds {
                kinds[kind]?.more += 1
                continue
            }
            lines.append(
                Line(
                    row: row, topic: plan.sources[Int(kind.source)].topic, code: fault.code.name,
                    reason: fault.message(schema: plan.schema), more: kinds[kind]?.more ?? 0))
            kinds[kind] = (now, 0)
        }
        return lines
    }
}
