import Hummingbird
import NIOCore

/// What a request brings along beside itself.
struct ConsoleContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address of whoever asks, without its port.
    let peer: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress?.ipAddress ?? "?"
    }
}
