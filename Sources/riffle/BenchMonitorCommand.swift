import ArgumentParser
import Engine
import Monitoring

/// `riffle bench monitor`: scores a second of the drift monitor on one thread.
struct BenchMonitorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor", abstract: "Measure how many scores a second the monitor takes in, on one thread.",
        discussion: """
            Score records lie in memory as JSON; reading them, counting, deciding and describing every window are \
            measured. One shape is the score alone, the other 20 features and the score, for all events and in 10 \
            segments.

            Example:
              riffle bench monitor --events 100000

            Exit codes: 0 measured, 2 usage.
            """)

    @Option(help: ArgumentHelp("Scores of a round.", valueName: "n"))
    var events = 200_000

    @Option(help: ArgumentHelp("Rounds that are measured; the median counts.", valueName: "count"))
    var rounds = 5

    @Option(help: ArgumentHelp("Another seed makes other scores.", valueName: "n"))
    var seed: UInt64 = 1

    func validate() throws {
        guard (1_000...5_000_000).contains(events) else {
            throw ValidationError("--events \(events): expected 1000 to 5000000")
        }
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds \(rounds): expected 1 to 1000") }
    }

    func run() throws {
        print("seed \(seed), \(events) scores a round, \(rounds) rounds, one thread")
        for shape in [MonitorBench.Shape.score, .wide] {
            let bench = try MonitorBench(shape, events: events, seed: seed)
            let result = bench.run(rounds: rounds, clock: MonotonicClock())
            print(Self.line(result))
        }
    }

    private static func line(_ result: MonitorBench.Result) -> String {
        func nanoseconds(_ seconds: [Double]) -> String {
            "\(Int(seconds.sorted()[seconds.count / 2] / Double(result.events) * 1e9))"
        }
        let rate = Int(result.eventsPerSecond)
        var text = "\(result.shape.name): \(rate) scores/s; ns a score: reading \(nanoseconds(result.decodeSeconds)), "
        text += "counting and deciding \(nanoseconds(result.monitorSeconds)); \(result.series) series, "
        text += "state \(result.stateBytes / 1_024) KiB, \(result.bucketBytes / 1_024) KiB an open bucket; "
        text += "\(result.windows) windows described, \(result.alerts) alerts; goal \(Int(result.shape.goal)): "
        return text + (result.eventsPerSecond >= result.shape.goal ? "met" : "missed")
    }
}
