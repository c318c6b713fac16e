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

/// Starts the console of a command, or says why it cannot be.
enum HTTPOption {
    /// - Throws: `ExitCode` 2 where the address or the token is wrong, 1 where nobody can listen there.
    static func start(
        _ address: ListenAddress, command: String, limits: ConsoleLimits, port: any ConsolePort, logger: Logger
    ) throws -> ConsoleServer {
        var settings: ConsoleSettings
        do {
            settings = try self.settings(address)
        } catch {
            Terminal.printError("riffle \(command): \(error)")
            throw ExitCode(2)
        }
        settings.limits = limits
        do {
            return try ConsoleServer(settings, port: port, logger: logger)
        } catch {
            Terminal.printError("riffle \(command): \(error)")
            throw ExitCode(1)
        }
    }

    static func settings(_ address: ListenAddress) throws -> ConsoleSettings {
        let token = ProcessInfo.processInfo.environment[ConsoleSettings.tokenVariable]
        return try ConsoleSettings(address: address, token: token)
    }

    /// No event may be longer than the pipeline says, whichever way it comes.
    static func limits(eventBytesMax: Int) -> ConsoleLimits {
        var limits = ConsoleLimits()
        limits.bodyBytesMax = eventBytesMax
        return limits
    }
}
