public import ArgumentParser
public import Monitoring
import Scoring

/// `riffle bench drift`: the deciding detector on simulated streams.
struct BenchDriftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "How often the drift detector alarms when nothing moved, and how late when something did.",
        discussion: """
            Streams are simulated: independent scores, a daily cycle, bursts of fraud, and both; and five changes, the \
            mean, the variance, 1 % of contamination, a slow rise, and twice the fraud. Everything that the detector \
            does is derived from a reference drawn before. False alarms come with exact 95 % bounds; a rate far below \
            the budget needs many events to be seen as such. `plain` is the detector without hours of the day, \
            tempering and its tighter bounds.

            Examples:
              riffle bench drift
              riffle bench drift --events 10000000 --seed 7 --form shipped

            Exit codes: 0 measured, 1 failed, 2 usage.
            """)

    @Option(help: ArgumentHelp("Stationary events of each kind of stream.", valueName: "n"))
    var events = DriftBench().stationaryEvents

    @Option(help: ArgumentHelp("References of each kind of stream.", valueName: "n"))
    var references = DriftBench().references

    @Option(help: ArgumentHelp("Changes of each sort after each reference.", valueName: "n"))
    var changes = DriftBench().changesEach

    @Option(help: ArgumentHelp("Events of a reference of independent scores.", valueName: "n"))
    var reference = DriftBench().referenceEvents

    @Option(help: ArgumentHelp("Events between false alarms that are asked for.", valueName: "n"))
    var runLength = DriftBench().runLength

    @Option(help: "Only this form of the detector; may be given again.")
    var form: [DriftBench.Form] = []

    @Option(help: "The same seed makes the same streams.")
    var seed: UInt64 = DriftBench().seed

    func validate() throws {
        guard (1...10_000).contains(references) else {
            throw ValidationError("--references \(references): expected 1 to 10000")
        }
        guard (references...100_000_000_000).contains(events) else {
            throw ValidationError("--events \(events): expected \(references) (one a reference) to 100000000000")
        }
        guard (1...99).contains(changes) else { throw ValidationError("--changes \(changes): expected 1 to 99") }
        guard (1_000...100_000_000).contains(reference) else {
            throw ValidationError("--reference \(reference): expected 1000 to 100000000")
        }
        guard runLength >= 100, runLength <= 1e12 else {
            throw ValidationError("--run-length \(runLength): expected 100 to 1000000000000")
        }
    }

    func run() throws {
        var bench = DriftBench()
        bench.seed = seed
        bench.stationaryEvents = events
        bench.references = references
        bench.changesEach = changes
        bench.referenceEvents = reference
        bench.runLength = runLength
        print("machine   \(PhaseBenchMachine().text)")
        print(DriftBenchText.head(bench))
        do {
            try bench.run(forms: form.isEmpty ? DriftBench.Form.allCases : form) { print(DriftBenchText.line($0)) }
        } catch {
            Terminal.printFailure("riffle bench drift", error)
            throw ExitCode(1)
        }
    }
}

extension DriftBench.Form: ExpressibleByArgument {}
