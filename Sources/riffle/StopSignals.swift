import Dispatch
import Foundation

/// SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process.
final class StopSignals {
    private var sources: [any DispatchSourceSignal]

    /// - Parameter onReload: what SIGHUP asks for; `nil`: it ends the process, as it does by itself.
    init(_ onStop: @escaping @Sendable () -> Void, onReload: (@Sendable () -> Void)? = nil) {
        let queue = DispatchQueue(label: "riffle.signals")
        sources = [SIGTERM, SIGINT].map { number in
            // The default action would end the process before the source hears of it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            // SAFETY: only the handler touches it, on one serial queue.
            nonisolated(unsafe) var isFirst = true
            source.setEventHandler {
                if !isFirst { _exit(130) }
                isFirst = false
                onStop()
            }
            source.resume()
            return source
        }
        guard let onReload else { return }
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: queue)
        source.setEventHandler(handler: onReload)
        source.resume()
        sources.append(source)
    }

    func cancel() { for source in sources { source.cancel() } }
}
