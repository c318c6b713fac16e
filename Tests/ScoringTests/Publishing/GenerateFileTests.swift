import Engine
import Events
import Foundation
import Generation
import Testing

@testable import Scoring

struct GenerateFileTests {
    private func service(seed: UInt64 = 3, events: Int? = nil) -> GenerateService {
        var options = GenerateOptions()
        options.transactions = CardTransactionOptions(seed: seed, days: 5, customers: 80, terminals: 90)
        options.eventsMax = events
        return GenerateService(options)
    }

    @Test(arguments: ["a.csv", "a.csv.gz", "a.ndjson", "a.ndjson.gz"])
    func sameOptionsGiveTheSameFile(_ name: String) throws {
        try TestFiles.withFolder { folder in
            let (first, second) = (folder.appending(path: name), folder.appending(path: "b-" + name))
            let summary = try service().write(to: first.path)
            let again = try service().write(to: second.path)
            #expect(summary.events == again.events)
            #expect(summary.events > 100)
            #expect(try Data(contentsOf: first) == Data(contentsOf: second))
            let other = folder.appending(path: "c-" + name)
            _ = try service(seed: 4).write(to: other.path)
            #expect(try Data(contentsOf: first) != Data(contentsOf: other))
            // Nothing temporary is left behind.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        }
    }

    @Test func rowsAreTheGenerators() throws {
        try TestFiles.withFolder { folder in
            let file = folder.appending(path: "events.csv").path
            let summary = try service(events: 25).write(to: file)
            #expect(summary.events == 25)
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 26)
            #expect(lines.first.map(String.init) == CardTransactionWriter.csvHeader)
            #expect(lines.dropFirst().map { $0.prefix { $0 != "," } } == (1...25).map { "\($0)"[...] })
            #expect(lines.filter { $0.hasSuffix(",true") }.count == summary.frauds)
        }
    }

    @Test func plantedDriftsAndFieldsOnRequestAreInTheFile() throws {
        try TestFiles.withFolder { folder in
            var options = GenerateOptions()
            options.transactions = CardTransactionOptions(
                seed: 3, days: 5, customers: 80, terminals: 90,
                drifts: [PlantedDrift(.missingAmount, firstDay: 3), PlantedDrift(.unseenChannel, firstDay: 4)],
                hasChannels: true)
            let file = folder.appending(path: "events.csv").path
            _ = try GenerateService(options).write(to: file)
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            #expect(lines.first == "transaction_id,tx_datetime,customer_id,terminal_id,tx_amount,channel,tx_fraud")
            let rows = lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            let firstWithout = try #require(rows.first { $0[4].isEmpty })
            #expect(firstWithout[1].hasPrefix("2025-01-04"))
            let firstWallet = try #require(rows.first { $0[5] == "wallet" })
            #expect(firstWallet[1].hasPrefix("2025-01-05"))
        }
    }

    @Test func namesSayTheFormat() throws {
        #expect(try GenerateService.format(of: "-") == .ndjson)
        #expect(try GenerateService.format(of: "x/y.csv") == .csv)
        #expect(try GenerateService.format(of: "y.jsonl.gz") == .ndjson)
        for name in ["y.txt", "y.gz", "csv", ""] {
            #expect(throws: ReplayFailure.self) { try GenerateService.format(of: name) }
        }
    }

    @Test func failedWriteLeavesNothing() throws {
        try TestFiles.withFolder { folder in
            let path = folder.appending(path: "none/events.csv").path
            #expect(throws: ReplayFailure.self) { _ = try service().write(to: path) }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }
}

struct GeneratedFieldsTests {
    private func assembly(_ fields: String, key: String = "customer_id") throws -> PipelineAssembly? {
        try TestFiles.assembly(
            """
            pipeline: test
            kafka: {brokers: embedded}
            sources:
              transactions:
                topic: card.transactions
                format: json
                key: \(key)
                id: \(key)
                time: {field: tx_datetime, format: iso8601}
                fields: {\(fields)}
            features:
              - constant: 1 + 1
            output: {topic: card.scores}
            dead_letter: {topic: card.dead-letter}
            """)
    }

    private func problems(_ fields: String, key: String = "customer_id") throws -> [String] {
        GeneratedFields.problems(of: try #require(try assembly(fields, key: key)))
    }

    @Test func cardFraudReadsGeneratedEvents() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        #expect(GeneratedFields.problems(of: assembly) == [])
    }

    @Test(arguments: [
        ("customer_id: string", false, false), ("customer_id: string, channel: string", true, false),
        ("customer_id: string, region: {type: string, optional: true}", false, true),
        // A field of another type is not what is made.
        ("customer_id: string, channel: {type: int, optional: true}", false, false),
    ])
    func whatASourceReadsIsMade(_ fields: String, hasChannels: Bool, hasRegions: Bool) throws {
        var options = CardTransactionOptions()
        GeneratedFields.add(to: &options, for: try #require(try assembly(fields)))
        #expect(options.hasChannels == hasChannels)
        #expect(options.hasRegions == hasRegions)
    }

    @Test func problemsNameTheField() throws {
        #expect(try problems("customer_id: string, tx_amount: float") == [])
        #expect(try problems("customer_id: string, channel: {type: string, optional: true}") == [])
        #expect(try problems("customer_id: string, channel: string, region: string") == [])
        #expect(
            try problems("customer_id: string, country: string")
                == ["the source reads a field \"country\", which generated events do not have"])
        #expect(
            try problems("customer_id: int")
                == ["the source's field \"customer_id\" must be string to read generated events"])
        #expect(
            try problems("terminal_id: string, tx_amount: {type: decimal, scale: 1}", key: "terminal_id")
                == [
                    "the source's field \"tx_amount\" must be decimal with a scale of 2 or more, or float to read generated events",
                    "the source's key is \"terminal_id\"; generated events are keyed by \"customer_id\"",
                ])
    }
}
