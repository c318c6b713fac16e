import Events
import Generation

/// Card payments of a population, in time order, without end but the calendar's; each record bears its event's time.
/// Labels that have a source of their own are left out: only the scored source is fed.
final class GeneratedEvents: EventFeed {
    private var generator: CardTransactionGenerator
    private let hasLabel: Bool

    /// - Throws: `RunFailure` with all that keeps the pipeline from reading generated events.
    init(_ options: CardTransactionOptions, for assembly: PipelineAssembly) throws {
        try Self.require(assembly)
        let problems = options.problems()
        guard problems.isEmpty else { throw RunFailure(problems.joined(separator: "; ")) }
        var options = options
        GeneratedFields.add(to: &options, for: assembly)
        generator = CardTransactionGenerator(options)
        hasLabel = !GeneratedFields.hasLabelSource(assembly)
    }

    static func require(_ assembly: PipelineAssembly) throws {
        let problems = GeneratedFields.problems(of: assembly)
        if !problems.isEmpty {
            throw RunFailure("generated events do not fit this pipeline: \(problems.joined(separator: "; "))")
        }
    }

    func fill(_ chunk: inout EventChunk) throws {
        while !chunk.isFull {
            guard let transaction = generator.next() else {
                throw RunFailure("the generated events have reached the end of the calendar")
            }
            chunk.append(transaction, hasLabel: hasLabel)
        }
    }
}

extension EventChunk {
    /// Adds a payment; the record's timestamp is its time, so that no event is ahead of its record.
    mutating func append(_ transaction: CardTransaction, hasLabel: Bool = true) {
        append(
            timestampMilliseconds: EventChunk.recordMilliseconds(transaction.time.microseconds),
            key: { CardTransactionWriter.appendKey(transaction, to: &$0) },
            value: { CardTransactionWriter.appendJSON(transaction, hasLabel: hasLabel, to: &$0) })
    }

    /// The record timestamp of an event: not before it, and never negative, which would mean none.
    static func recordMilliseconds(_ microseconds: Int64) -> Int64 {
        max(0, microseconds / 1_000 + (microseconds % 1_000 > 0 ? 1 : 0))
    }
}
