import ArgumentParser
import Configuration
import Foundation
import Generation
import Scoring

/// `riffle bench soak`: a steady load for a long time.
struct BenchSoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "A steady load for a long time: whether memory and latency stay what they are.",
        discussion: """
            An embedded cluster, a sender and a collector are in this process, `riffle run` in one of its own, with a \
            state directory that is deleted afterwards. Without --rate, the most that this set-up carries is looked \
            for first, and --share of it is sent: open loop, each event at its time, late or not. Every minute a line; \
            at the end the slopes of memory and latency with their standard errors, the first quarter left out. With \
            --copier, a program that only copies records (`make copier`) is then given the same load for as long.

            Event time has to go on growing, or windows would never forget: payments of --customers customers are \
            generated day after day, or the events of --input are sent again and again, each pass later by whole days. \
            It is printed when state has its full size; that should be within the first quarter.

            Examples:
              riffle bench soak pipelines/card-fraud/replay-labelled.yaml
              riffle bench soak pipelines/card-fraud/replay-labelled.yaml --rate 50000 \\
                --minutes 5

            Exit codes: 0 memory and latency are flat and nothing is missing, 1 they are not or it failed, 2 usage or \
            configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup var paired: PairedBenchOptions

    @Option(help: ArgumentHelp("How long the load lasts.", valueName: "n"))
    var minutes = 20.0

    @Option(help: ArgumentHelp("Of the peak, what is sent.", valueName: "0 to 1"))
    var share = 0.7

    @Option(help: ArgumentHelp("Events a second, instead of a share of the peak.", valueName: "n"))
    var rate: Double?

    @Option(help: ArgumentHelp("Time between two samples.", valueName: "seconds"))
    var every = 5.0

    @Option(help: ArgumentHelp("Of generated events: customers, and twice as many terminals.", valueName: "n"))
    var customers = 20_000

    private static let minutesMax = 10_080.0

    func validate() throws {
        guard minutes >= 0.5 && minutes <= Self.minutesMax else {
            throw ValidationError("--minutes \(minutes): expected 0.5 to \(Int(Self.minutesMax))")
        }
        guard share > 0 && share <= 1 else {
            throw ValidationError("--share \(share): expected more than 0, at most 1")
        }
        if let rate, !(rate >= 1 && rate <= 10_000_000) {
            throw ValidationError("--rate \(rate): expected 1 to 10000000")
        }
        guard every >= 0.5 && every <= minutes * 60 / 8 else {
            throw ValidationError("--every \(every): expected 0.5 s to an eighth of the whole")
        }
        guard (1...CardTransactionOptions.customersMax / 2).contains(customers) else {
            throw ValidationError("--customers \(customers): expected 1 to \(CardTransactionOptions.customersMax / 2)")
        }
        // Its turn comes after Riffle's: too late to find out.
        if let copier = paired.copier, !FileManager.default.isExecutableFile(atPath: copier) {
            throw ValidationError("--copier \(copier): there is no such program; `make copier` builds it")
        }
        if paired.input.isEmpty && paired.events != nil {
            throw ValidationError("--events is for --input: generated events do not end")
        }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        do {
            let events: SoakBench.Events =
                paired.input.isEmpty
                ? .generated(CardTransactionOptions(customers: customers, terminals: 2 * customers))
                : .file(try paired.scoredEvents(assembly, countMax: .max))
            let bench = try SoakBench(assembly: assembly, pipelinePath: pipeline, events: events)
            if try !soak(bench, assembly) { throw ExitCode(1) }
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.printFailure("riffle bench soak", error)
            throw ExitCode(1)
        }
    }

    /// Whether Riffle's memory and latency are flat and nothing is missing.
    private func soak(_ bench: SoakBench, _ assembly: PipelineAssembly) throws -> Bool {
        var options = SoakBench.Options()
        options.seconds = Int((minutes * 60).rounded())
        options.sampleSeconds = every
        options.partitions = paired.partitions
        options.properties = paired.settings(["fetch.wait.max.ms": "5"])
        let riffle = BenchSubject.riffle(executable: PairedBenchOptions.executable)
        print("machine   \(PhaseBenchMachine().text)")
        var rate = rate ?? 0
        if self.rate == nil {
            let peak = try bench.peak(riffle, options: options)
            rate = max(1, (peak * share).rounded())
            print("peak      \(Int(peak)) events/s with sender and collector beside it; \(share) of it is sent")
        }
        print(
            "run       open loop, \(Int(rate)) events/s for \(minutes) min, \(paired.partitions) partitions, embedded cluster, "
                + "\(assembly.spec.kafka.delivery.rawValue)")
        print(state(bench, rate))
        if let note = PairedBenchOptions.idleSources(assembly) { print("note      \(note)") }
        var isFlat = true
        let subjects = [riffle] + (paired.copier.map { [.copier(path: $0)] } ?? [])
        for subject in subjects {
            print(subject.name + "\n" + SoakText.head)
            let result = try bench.run(subject, eventsPerSecond: rate, options: options) { minute in
                print(SoakText.line(minute))
                // Whoever watches a pipe wants to see the minutes come.
                fflush(nil)
            }
            print(SoakText.summary(result))
            if case .riffle = subject { isFlat = result.trends?.isFlat == true && result.missing == 0 }
        }
        return isFlat
    }

    private func state(_ bench: SoakBench, _ rate: Double) -> String {
        let seconds = bench.steadySeconds(eventsPerSecond: rate)
        let text =
            "state     \(Int(bench.eventsPerDay)) events a day of event time; full after \(Int(seconds.rounded(.up))) s"
        guard seconds > minutes * 15 else { return text }
        return text + ": LATER THAN THE FIRST QUARTER; take more --minutes, a higher --rate or fewer --customers"
    }
}
