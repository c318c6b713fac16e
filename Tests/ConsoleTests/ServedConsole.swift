import Logging

@testable import Console

/// A console on a free port of loopback, for one test.
final class ServedConsole {
    let port: TestPort
    let server: ConsoleServer

    init(
        _ port: TestPort = TestPort(), token: String? = nil, hasProbesAlone: Bool = false,
        limits: (inout ConsoleLimits) -> Void = { _ in }
    ) throws {
        self.port = port
        var settings = try ConsoleSettings(address: ListenAddress(host: "127.0.0.1", port: 0), token: token)
        limits(&settings.limits)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        server =
            hasProbesAlone
            ? try ConsoleServer(settings, probes: port, logger: logger)
            : try ConsoleServer(settings, port: port, logger: logger)
    }

    deinit { server.stop() }

    func client() -> SocketClient { SocketClient(port: server.address.port) }

    static let json = [("Content-Type", "application/json")]
}
