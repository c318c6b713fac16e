import ArgumentParser
import Engine
import Scoring

/// `riffle bench phases`, or just `riffle bench`: each phase of a pipeline and the whole, over events in memory.
struct BenchPhasesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phases", abstract: "Each phase of a pipeline and the whole, over events in memory.",
        discussion: """
            There is no Kafka in it: all events are in memory before the first round. Each round begins with empty \
            state. With one worker everything runs on one thread. The hash covers every byte of every score in order: \
            the same work gives the same hash, whatever the workers and batches. Without --input, card transactions \
            are generated, the same every time.

            Examples:
              riffle bench pipeline.yaml
              riffle bench pipeline.yaml --input events.ndjson --rounds 7
              riffle bench pipeline.yaml --workers 2 --batch 1024

            Exit codes: 0 measured, 1 the rounds differ or the input cannot be read, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Events, one JSON object a line; also .gz.", valueName: "file"))
    var input: String?

    @Option(help: ArgumentHelp("Take the first so many; without --input, make so many (500000).", valueName: "n"))
    var events: Int?

    @Option(help: ArgumentHelp("A model to use instead of the pipeline's.", valueName: "file"))
    var model: String?

    @Option(help: ArgumentHelp("Threads that decode, compute, score and encode.", valueName: "count"))
    var workers = 1

    @Option(help: ArgumentHelp("Passes over the events; best and median are printed.", valueName: "count"))
    var rounds = 3

    @Option(help: ArgumentHelp("Events that pass through the phases together.", valueName: "n"))
    var batch = StreamSettings().batchRowsMax

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline, modelPath: model, checksProperties: false)
        var options = PhaseBenchOptions()
        options.input = input
        options.eventsMax = events
        options.workers = workers
        options.rounds = rounds
        options.batchRowsMax = batch
        let machine = PhaseBenchMachine()
        if !machine.isReleaseBuild {
            Terminal.printError("riffle bench: this is a debug build; its figures say nothing about Riffle's speed")
        }
        do {
            let bench = try PhaseBench(assembly: assembly, options: options)
            print(PhaseBenchText.head(bench, machine: machine))
            if let note = PairedBenchOptions.idleSources(assembly) { print("note      \(note)") }
            let result = bench.run()
            print(PhaseBenchText.table(result))
            if !result.isSame { throw ExitCode(1) }
        } catch let failure as ReplayFailure {
            Terminal.printError("riffle bench: \(failure)")
            throw ExitCode(failure.kind == .usage ? 2 : 1)
        }
    }
}
