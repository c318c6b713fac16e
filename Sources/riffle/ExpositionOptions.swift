import ArgumentParser
import Console
import Logging
import Scoring

/// How a service shows what it counts: in a file, by HTTP.
struct ExpositionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write metrics to this file in Prometheus' text format, for node_exporter's textfile collector; everybody may "
                + "read it.", valueName: "path"))
    var metricsFile: String?

    @Option(help: ArgumentHelp("How often the metrics file is written (default: 15s).", valueName: "duration"))
    var metricsEvery: CommandDuration?

    @Option(
        help: ArgumentHelp(
            "Answer HTTP here: health and metrics, and what else docs/HTTP.md says. Port 0 takes a free one. Any address but "
                + "loopback needs a token in RIFFLE_HTTP_TOKEN.", valueName: "host:port"))
    var http: HTTPArgument?

    func validate() throws {
        if metricsEvery != nil && metricsFile == nil {
            throw ValidationError("--metrics-every needs --metrics-file: there is nothing to write to")
        }
    }

    var isWanted: Bool { metricsFile != nil || http != nil }

    var everyMilliseconds: Int { metricsEvery.map { max(1, Int($0.microseconds / 1_000)) } ?? 15_000 }

    /// Begins to write the file, if there is one.
    ///
    /// - Throws: `ExitCode` 2: a path that cannot be written to is a mistake of the command line.
    func writer(_ command: String, _ make: (String, Int) throws -> MetricsFileWriter) throws -> MetricsFileWriter? {
        guard let metricsFile else { return nil }
        do {
            return try make(metricsFile, everyMilliseconds)
        } catch {
            Terminal.printFailure("riffle \(command)", error)
            throw ExitCode(2)
        }
    }
}
