import ArgumentParser
import Dispatch
import Logging

/// What every command takes that runs beside Kafka until it is stopped.
struct ServiceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Stop after so long, such as 30s or 10m.", valueName: "duration"))
    var duration: CommandDuration?

    @Flag(help: "Stop where the topic's partitions end now.")
    var untilEnd = false

    @Flag(help: "Keep nothing under the pipeline's state directory, and use nothing that is there.")
    var noState = false

    @Option(help: ArgumentHelp("Keep state here instead of in the pipeline's state directory.", valueName: "directory"))
    var state: String?

    @Option(
        name: .customShort("X"),
        help: ArgumentHelp(
            "A property for librdkafka that the pipeline does not set; may be given again. Not for secrets: others see "
                + "command lines.", valueName: "name=value"))
    var properties: [PropertyArgument] = []

    @Option(help: ArgumentHelp("How logs are written.", valueName: "text|json"))
    var logFormat: LogFormat = .text

    @Option(help: ArgumentHelp("The least level that is logged.", valueName: "level"))
    var logLevel: LogLevel = .notice

    func validate() throws {
        if duration != nil && untilEnd { throw ValidationError("--for and --until-end exclude each other") }
        if state != nil && noState { throw ValidationError("--state and --no-state exclude each other") }
    }

    /// Whether something was given that means nothing to files.
    var areOfKafka: Bool { brokers != nil || duration != nil || untilEnd || state != nil || noState }

    var logger: Logger { LogSetup.logger(format: logFormat, level: logLevel.level) }

    /// Of a property that was given twice, the last.
    var propertyDefaults: [String: String] {
        Dictionary(properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    /// Calls `stop` when the time is up, if there is one.
    func afterDuration(_ stop: @escaping @Sendable () -> Void) {
        guard let duration else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(duration.microseconds)), execute: stop)
    }
}

/// `name=value`.
struct PropertyArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
