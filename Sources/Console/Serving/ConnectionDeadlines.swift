import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose peer takes too long: to send its next request, to send the rest of one, or to take what it
/// is sent. Belongs to one connection and its event loop.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ConsoleLimits
    private var tick: RepeatedTask?
    /// Since when something is waited for; `nil`: nothing is.
    private var waitsForHead: NIODeadline?
    private var waitsForBody: NIODeadline?
    private var waitsForSending: NIODeadline?
    private var writesOpen = 0
    private var responsesOpen = 0
    private var closesBehindResponse = false
    private static let tickMilliseconds: Int64 = 500

    init(_ limits: ConsoleLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        waitsForHead = .now()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        tick = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(Self.tickMilliseconds), delay: .milliseconds(Self.tickMilliseconds)
        ) { _ in
            let (deadlines, context) = bound.value
            deadlines.check(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        tick?.cancel()
        tick = nil
    }

    private func check(_ context: ChannelHandlerContext) {
        if isOver(waitsForHead, limits.headMilliseconds) || isOver(waitsForBody, limits.bodyMilliseconds)
            || isOver(waitsForSending, limits.sendMilliseconds)
        {
            end()
            context.close(promise: nil)
        }
    }

    private func isOver(_ since: NIODeadline?, _ milliseconds: Int64) -> Bool {
        since.map { NIODeadline.now() - $0 >= .milliseconds(milliseconds) } ?? false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            responsesOpen += 1
            waitsForHead = nil
            waitsForBody = .now()
        case .body: break
        case .end: waitsForBody = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var isLast = false
        switch unwrapOutboundIn(data) {
        case .head(let head): closesBehindResponse = head.headerFields[.connection] == "close"
        case .body: break
        case .end:
            isLast = true
            responsesOpen -= 1
            if responsesOpen == 0 && waitsForBody == nil { waitsForHead = .now() }
        }
        if writesOpen == 0 { waitsForSending = .now() }
        writesOpen += 1
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            let (deadlines, context) = bound.value
            deadlines.didWrite(isLast: isLast, context)
        }
        context.write(data, promise: promise)
    }

    private func didWrite(isLast: Bool, _ context: ChannelHandlerContext) {
        writesOpen -= 1
        waitsForSending = writesOpen == 0 ? nil : .now()
        if isLast && closesBehindResponse { context.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ConnectionDeadlines: Sendable {}
