import ArgumentParser
import Console
import Foundation
import Logging

/// `HOST:PORT` on a command line.
struct HTTPArgument: ExpressibleByArgument {
    let address: ListenAddress

    init?(argument: String) {
        guard let address = ListenAddress(argument) else { return nil }
        self.address = address
    }
}

/// The console of a command, or why there cannot be one.
enum HTTPOption {
    /// Checked before anything else begins.
    ///
    /// - Parameter eventBytesMax: no event may be longer, whichever way it comes.
    /// - Throws: `ExitCode` 2 where the token is missing or no good.
    static func settings(
        _ address: ListenAddress, command: String, eventBytesMax: Int
    ) throws -> ConsoleSettings {
        do {
            let token = ProcessInfo.processInfo.environment[ConsoleSettings.tokenVariable]
            var settings = try ConsoleSettings(address: address, token: token)
            settings.limits.bodyBytesMax = eventBytesMax
            return settings
        } catch {
            Terminal.printFailure("riffle \(command)", error)
            throw ExitCode(2)
        }
    }

    /// - Throws: `ExitCode` 1 where nobody can listen there.
    static func start(
        _ settings: ConsoleSettings, command: String, port: any ConsolePort, logger: Logger
    ) throws -> ConsoleServer {
        try started(command) { try ConsoleServer(settings, port: port, logger: logger) }
    }

    /// Health and metrics alone. - Throws: the same.
    static func start(
        _ settings: ConsoleSettings, command: String, probes: any ProbePort, logger: Logger
    ) throws -> ConsoleServer {
        try started(command) { try ConsoleServer(settings, probes: probes, logger: logger) }
    }

    private static func started(_ command: String, _ make: () throws -> ConsoleServer) throws -> ConsoleServer {
        do {
            return try make()
        } catch {
            Terminal.printFailure("riffle \(command)", error)
            throw ExitCode(1)
        }
    }
}
