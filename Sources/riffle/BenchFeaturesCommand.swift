public import ArgumentParser
import Engine
import Foundation
public import Scoring

/// `riffle bench features`: the feature engine alone.
struct BenchFeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "What features take by themselves: time by the number of keys, and memory as it was estimated.",
        discussion: """
            There is no Kafka, no file and no model in it. Payments are made as columns, the same for every seed, and \
            only the feature engine's own time counts, on one thread. Windows are full before the first round: a month \
            of events of all keys has gone through them.

            Parts:
              handbook  the twelve windows of the Fraud Detection Handbook's protocol
                        over generated payments
              keys      one entity with more and more keys: what an event takes by
                        the side of the fewest
              entities  twenty features over four entities
              memory    bytes a key, as `riffle check` estimates, beside what the
                        process has grown by; each in a process of its own

            Examples:
              riffle bench features
              riffle bench features --only keys --keys 10000,1000000 --shape aggregates
              riffle bench features --only memory --keys 1000000 --events-per-key 60

            Exit codes: 0 measured, 1 failed, 2 usage.
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable { case handbook, keys, entities, memory }

    @Option(help: ArgumentHelp("Only this part; may be given again.", valueName: "part"))
    var only: [Part] = []

    @Option(help: ArgumentHelp("Only this shape; may be given again.", valueName: "shape"))
    var shape: [FeatureBenchShape] = []

    @Option(help: ArgumentHelp("Numbers of keys, with commas between them.", valueName: "n,n,…"))
    var keys = "10000,100000,1000000"

    @Option(help: ArgumentHelp("Events of a key in --days, on average.", valueName: "n"))
    var eventsPerKey = FeatureBenchOptions().eventsPerKey

    @Option(help: ArgumentHelp("The time that these events take.", valueName: "n"))
    var days = FeatureBenchOptions().days

    @Option(help: "Whether keys come at random or in turn.")
    var spread = FeatureBenchEvents.Spread.random

    @Option(help: ArgumentHelp("Rounds; best and median are printed.", valueName: "count"))
    var rounds = FeatureBenchOptions().rounds

    @Option(help: ArgumentHelp("Events of a round.", valueName: "n"))
    var events = FeatureBenchOptions().eventsMeasured

    @Option(help: ArgumentHelp("Events that pass through the phases together.", valueName: "n"))
    var batch = FeatureBenchOptions().batchRowsMax

    @Option(help: "The same seed makes the same events.")
    var seed: UInt64 = 1

    /// Prints one line of figures for the process that started this one.
    @Flag(help: .hidden)
    var memoryChild = false

    private static let eventsMax = 1_000_000_000

    private var keyCounts: [Int] { keys.split(separator: ",", omittingEmptySubsequences: false).compactMap { Int($0) } }

    func validate() throws {
        let counts = keyCounts
        guard !counts.isEmpty, counts.count == keys.split(separator: ",", omittingEmptySubsequences: false).count,
            counts.allSatisfy({ (1...100_000_000).contains($0) })
        else { throw ValidationError("--keys \(keys): expected numbers from 1 to 100000000 with commas between them") }
        guard eventsPerKey > 0, eventsPerKey * Double(counts.max() ?? 0) <= Double(Self.eventsMax) else {
            throw ValidationError("--events-per-key \(eventsPerKey): expected at most \(Self.eventsMax) events in all")
        }
        guard days > 0 && days <= 10_000 else { throw ValidationError("--days \(days): expected up to 10000") }
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds \(rounds): expected 1 to 1000") }
        guard (1...Self.eventsMax).contains(events) else {
            throw ValidationError("--events \(events): expected 1 to \(Self.eventsMax)")
        }
        guard (1...PhaseBenchOptions.batchRowsLimit).contains(batch) else {
            throw ValidationError("--batch \(batch): expected 1 to \(PhaseBenchOptions.batchRowsLimit)")
        }
    }

    private var bench: FeatureBench {
        var options = FeatureBenchOptions()
        (options.keys, options.eventsPerKey, options.days) = (keyCounts, eventsPerKey, days)
        (options.spread, options.rounds, options.eventsMeasured) = (spread, rounds, events)
        (options.batchRowsMax, options.seed) = (batch, seed)
        return FeatureBench(options)
    }

    func run() throws {
        let bench = bench
        if memoryChild {
            print(bench.memory(shape.first ?? .sums, keys: bench.options.keys[0]).line)
            return
        }
        let machine = PhaseBenchMachine()
        if !machine.isReleaseBuild {
            Terminal.printError("riffle bench: this is a debug build; its figures say nothing about Riffle's speed")
        }
        print("machine    \(machine.text)")
        func isAsked(_ part: Part) -> Bool { only.isEmpty || only.contains(part) }
        if isAsked(.handbook) { print(FeatureBenchText.handbook(bench.handbookRows(events))) }
        if isAsked(.keys) { printKeys(bench) }
        if isAsked(.entities) { printEntities(bench) }
        if isAsked(.memory) { try printMemory(bench) }
    }

    private func asked(_ shapes: [FeatureBenchShape]) -> [FeatureBenchShape] {
        shape.isEmpty ? shapes : shape
    }

    private func printKeys(_ bench: FeatureBench) {
        for shape in asked([.sums, .aggregates]) {
            print("\(shape.rawValue): \(shape.summary); \(eventsPerKey) events a key in \(days) days")
            print(FeatureBenchText.keysHead)
            var rows: [FeatureBench.Row] = []
            for keys in bench.options.keys {
                rows.append(bench.row(shape, keys: keys))
                print(FeatureBenchText.line(rows[rows.count - 1], first: rows[0]))
            }
            if rows.count > 1 { print(FeatureBenchText.keysGoal(rows)) }
        }
    }

    private func printEntities(_ bench: FeatureBench) {
        let keys = bench.options.keys[bench.options.keys.count / 2]
        let row = bench.row(.entities, keys: keys)
        print("entities: \(FeatureBenchShape.entities.summary); \(eventsPerKey) events a card in \(days) days")
        print(FeatureBenchText.keysHead)
        print(FeatureBenchText.line(row, first: row))
    }

    private func printMemory(_ bench: FeatureBench) throws {
        print("memory: \(eventsPerKey) events a card in \(days) days, keys of all entities")
        print(FeatureBenchText.memoryHead)
        for shape in asked(FeatureBenchShape.allCases) {
            let line = try child(of: shape, keys: bench.options.keys.max() ?? 1)
            guard let memory = FeatureBench.Memory(line: line) else {
                throw ValidationError("a process that measures memory ended with: \(line)")
            }
            print(FeatureBenchText.line(memory, shape: shape))
        }
    }

    /// Its only line.
    private func child(of shape: FeatureBenchShape, keys: Int) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: PairedBenchOptions.executable)
        process.arguments = [
            "bench", "features", "--memory-child", "--shape", shape.rawValue, "--keys", "\(keys)",
            "--events-per-key", "\(eventsPerKey)", "--days", "\(days)", "--spread", spread.rawValue,
            "--batch", "\(batch)", "--seed", "\(seed)",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ExitCode(1) }
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension FeatureBenchShape: ExpressibleByArgument {}
extension FeatureBenchEvents.Spread: ExpressibleByArgument {}
