import Logging

@testable import Console

/// A console on a free port of loopback, for one test.
final class ServedConsole {
    let port: TestPort
    let server: ConsoleServer

    init(
        _ port: TestPort = TestPort(), token: String? = nil, limits: (inout ConsoleLimits) -> Void = { _ in }
    ) throws {
        self.port = port
        var settings = try ConsoleSettings(address: ListenAddress(host: "127.0.0.1", port: 0), token: token)
        limits(&settings.limits)
        server = try ConsoleServer(
            settings, port: port, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit { server.stop() }

    func client() -> SocketClient { SocketClient(port: server.address.port) }

    static let json = [("Content-Type", "application/json")]
}
