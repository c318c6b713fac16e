import Glibc
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Serves a console beside whatever else the process does, on one thread of its own.
///
/// Signals are the business of who made it: it stops when `stop` is called.
public final class ConsoleServer: Sendable {
    /// Where it listens, with the port that was found where 0 was asked for.
    public let address: ListenAddress
    private let loops: MultiThreadedEventLoopGroup
    private let group: ServiceGroup
    private let ended: EventLoopFuture<Void>
    private let isStopped = Atomic<Bool>(false)

    /// Listens with all routes; blocks until it does.
    ///
    /// - Throws: `ConsoleFailure` where the address is taken or is none of this machine's.
    public convenience init(
        _ settings: ConsoleSettings, port: any ConsolePort, logger: Logger
    ) throws(ConsoleFailure) {
        let limits = settings.limits
        let feed = LiveFeed(limits)
        let sampler = LiveSampler(port: port, feed: feed, milliseconds: limits.sampleMilliseconds)
        try self.init(
            settings, RouteTable(port: port, feed: feed, limits: limits), services: [.init(service: sampler)],
            logger: logger)
    }

    /// Listens with health and metrics alone. - Throws: as the other.
    public convenience init(
        _ settings: ConsoleSettings, probes: any ProbePort, logger: Logger
    ) throws(ConsoleFailure) {
        try self.init(settings, RouteTable(probes: probes), services: [], logger: logger)
    }

    private init(
        _ settings: ConsoleSettings, _ table: RouteTable,
        services: [ServiceGroupConfiguration.ServiceConfiguration], logger: Logger
    ) throws(ConsoleFailure) {
        // What Hummingbird says of itself helps no operator; who asked for the console prints its address.
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let limits = settings.limits
        let responder = ConsoleResponder(table, settings)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let begun = OneShot(loops.next().makePromise(of: Int.self))
        let ending = loops.next().makePromise(of: Void.self)
        let application = Application(
            responder: responder, server: .http1(configuration: Self.channels(limits)),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.address.host, port: settings.address.port), serverName: nil, backlog: 64,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionsMax, logger: quiet)),
            onServerRunning: { begun.give(.success($0.localAddress?.port ?? settings.address.port)) },
            eventLoopGroupProvider: .shared(loops), logger: quiet)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: application)] + services, logger: quiet)
        configuration.maximumGracefulShutdownDuration = .milliseconds(limits.stopMilliseconds)
        let group = ServiceGroup(configuration: configuration)
        Task(executorPreference: LoopExecutor(loops.next())) {
            do {
                try await group.run()
                begun.give(.failure(ConsoleFailure("it ended before it began")))
            } catch {
                begun.give(.failure(error))
            }
            ending.succeed()
        }
        do {
            let port = try begun.promise.futureResult.wait()
            address = ListenAddress(host: settings.address.host, port: port)
        } catch {
            try? ending.futureResult.wait()
            try? loops.syncShutdownGracefully()
            throw ConsoleFailure("--http \(settings.address): \(Self.text(error))")
        }
        self.loops = loops
        self.group = group
        ended = ending.futureResult
    }

    /// Ends open streams, answers what was asked, and closes; blocks for `ConsoleLimits.stopMilliseconds` and little
    /// more. Calls after the first do nothing.
    public func stop() {
        if isStopped.exchange(true, ordering: .sequentiallyConsistent) { return }
        Task(executorPreference: LoopExecutor(loops.next())) { [group] in await group.triggerGracefulShutdown() }
        try? ended.wait()
        try? loops.syncShutdownGracefully()
    }

    private static func channels(_ limits: ConsoleLimits) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionDeadlines(limits)],
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
                maxHeaderFieldCount: limits.headerCountMax))
    }

    private static func text(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case EADDRINUSE: "another program listens there; choose another port, or 0 for a free one"
        case EACCES: "this user may not listen there; ports below 1024 are root's"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: "\(error)"
        }
    }
}

/// A promise that is kept once, by whoever comes first.
private final class OneShot<Value: Sendable>: Sendable {
    let promise: EventLoopPromise<Value>
    private let isGiven = Atomic<Bool>(false)

    init(_ promise: EventLoopPromise<Value>) { self.promise = promise }

    func give(_ result: Result<Value, any Error>) {
        if !isGiven.exchange(true, ordering: .sequentiallyConsistent) { promise.completeWith(result) }
    }
}
