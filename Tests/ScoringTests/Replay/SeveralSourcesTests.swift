import Engine
import Events
import Foundation
import Generation
import Testing

@testable import Scoring

/// Generated transactions with labels in a file of their own, beside the same ones that carry them.
struct SeveralSourcesTests {
    private let space: ReplayWorkspace
    private let summary: GenerateSummary

    private static let labels = """
          labels:
            topic: labels
            key: terminal_id
            time: {field: tx_datetime, format: iso8601}
            available: {field: labelled_at, format: iso8601}
            fields: {transaction_id: int, terminal_id: string, tx_fraud: bool}
        """

    /// The model's inputs come first; it wants no others.
    private static func pipeline(hasLabels: Bool) -> String {
        """
        pipeline: small
        kafka: {brokers: embedded, group: small}
        sources:
          transactions:
            topic: transactions
            key: customer_id
            id: transaction_id
            time: {field: tx_datetime, format: iso8601}
            fields:
              transaction_id: int
              customer_id: string
              terminal_id: string
              tx_amount: {type: decimal, scale: 2}
        \(hasLabels ? labels : "      tx_fraud: {type: bool, label: true}")
        features:
          - amount: tx_amount
          - by: customer_id
            over: [1d]
            aggregates:
              customer_tx: count()
          - by: terminal_id
            over: [1d, 7d]
            delay: 7d
            aggregates:
              terminal_risk: mean(\(hasLabels ? "labels." : "")tx_fraud) or 0
        model: {name: stump, file: model.json, inputs: [amount, customer_tx_1d]}
        output: {topic: scores}
        dead_letter: {topic: dead-letter}
        """ + "\n"
    }

    init() throws {
        space = try ReplayWorkspace()
        var options = GenerateOptions()
        options.transactions = CardTransactionOptions(seed: 9, days: 25, customers: 60, terminals: 12)
        summary = try GenerateService(options).write(
            to: space.file("events.csv"), labels: space.file("labels.csv"))
        _ = try GenerateService(options).write(to: space.file("labelled.csv"))
    }

    private func replay(
        hasLabels: Bool, to output: String, _ change: (inout ReplayOptions) -> Void = { _ in }
    ) throws -> ReplayOutcome {
        try space.write("pipeline.yaml", Self.pipeline(hasLabels: hasLabels))
        return try space.replay("labelled.csv", to: output) { options in
            if hasLabels {
                options.inputs = ["labels=\(space.file("labels.csv"))", "transactions=\(space.file("events.csv"))"]
            }
            change(&options)
        }
    }

    @Test func labelsOfTheirOwnSayWhatLabelsInTheEventSay() throws {
        let inEvent = try replay(hasLabels: false, to: "in-event.csv")
        let ofOwn = try replay(hasLabels: true, to: "of-own.csv")
        #expect(try space.text("of-own.csv") == space.text("in-event.csv"))
        #expect(ofOwn.summary.scored == inEvent.summary.scored && ofOwn.summary.absorbed == UInt64(summary.labels))
        #expect(summary.labels > 1_000 && summary.labels < summary.events)
        #expect(summary.events == Int(inEvent.summary.scored))
        #expect(try space.text("events.csv").hasPrefix(CardTransactionWriter.unlabelledHeader + "\n"))
    }

    @Test func labelsOfAnotherSourceMeasureTheScores() throws {
        let known = try replay(hasLabels: true, to: "known.csv") { $0.rows.isLabelledOnly = true }
        #expect(known.summary.scored == UInt64(summary.labels))
        let measured = try replay(hasLabels: true, to: "rows.csv") {
            $0.metricsLabel = "tx_fraud"
            $0.metricsKey = "customer_id"
        }
        let ids = Set(
            try space.text("known.csv").split(separator: "\n").dropFirst().compactMap { $0.split(separator: ",").first }
        )
        let header = CardTransactionWriter.csvHeader
        let rows = try space.text("labelled.csv").split(separator: "\n").dropFirst()
        let wanted = rows.filter { ids.contains($0.prefix { $0 != "," }) }
        #expect(wanted.count == summary.labels)
        #expect(measured.measures?.rows == wanted.count)
        #expect(measured.measures?.positives == wanted.count { $0.hasSuffix(",true") })
        // As far as labels are known, those in the event measure the same.
        try space.write("part.csv", ([header] + wanted.map(String.init)).joined(separator: "\n") + "\n")
        let inEvent = try replay(hasLabels: false, to: "part-rows.csv") {
            $0.inputs = [space.file("part.csv")]
            $0.metricsLabel = "tx_fraud"
            $0.metricsKey = "customer_id"
        }
        #expect(measured.measures?.values.map(\.value) == inEvent.measures?.values.map(\.value))
    }

    @Test func filesAndSourcesHaveToGoTogether() throws {
        let cases: [([String], String)] = [
            (["events.csv"], "expected transactions=FILE or labels=FILE"),
            (["transactions=events.csv"], "no --input for source \"labels\": expected labels=FILE"),
            (["transactions=-", "labels=-"], "standard input can be read once only"),
        ]
        for (inputs, said) in cases {
            let failure = try space.failure { try replay(hasLabels: true, to: "no.csv") { $0.inputs = inputs } }
            #expect(failure.kind == .usage && failure.text.hasSuffix(said), "\(failure.text)")
        }
        let failure = try space.failure {
            try replay(hasLabels: true, to: "no.csv") {
                $0.inputs[0] = "labels=\(space.file("labelled.csv"))"
            }
        }
        #expect(failure.text.hasPrefix("labelled.csv: the header has no column \"labelled_at\""))
        #expect(!space.files.contains("no.csv"))
    }
}
