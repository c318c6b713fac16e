import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// From a request to its response: allowance, host, token, route, body, answer.
final class ConsoleResponder: HTTPResponder {
    private let table: RouteTable
    private let settings: ConsoleSettings
    private let isLoopback: Bool
    private let allowance: Mutex<RequestAllowance>
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    init(_ table: RouteTable, _ settings: ConsoleSettings) {
        self.table = table
        self.settings = settings
        isLoopback = settings.address.isLoopback
        allowance = Mutex(RequestAllowance(settings.limits))
        start = clock.now
    }

    func respond(to request: Request, context: ConsoleContext) async throws -> Response {
        await response(of: reply(to: request, peer: context.peer))
    }

    private func reply(to request: Request, peer: String) async -> ConsoleReply {
        if let seconds = allowance.withLock({ $0.take(peer, now: nanoseconds) }) {
            var reply = ConsoleReply.problem(429, "too-many-requests", "come again in \(seconds) s")
            reply.headers.append((name: "Retry-After", value: "\(seconds)"))
            return reply
        }
        if isLoopback, !LoopbackHost.isOwn(request.head.authority) {
            // A page of another site can make a browser look up its own name as 127.0.0.1, and read what it gets.
            return .problem(403, "other-host", "the Host header has to be localhost, 127.0.0.1 or [::1]")
        }
        guard let parts = RoutePath.parts(of: request.head.path ?? "/") else {
            return .problem(400, "broken-path", "the path has a broken escape")
        }
        switch table.find(request.method.rawValue, parts) {
        case .nothing:
            return .problem(404, "no-such-path", "there is nothing here; /openapi.json lists what there is")
        case .otherMethod(let allowed):
            var reply = ConsoleReply.problem(405, "other-method", "use \(allowed.joined(separator: " or "))")
            reply.headers.append((name: "Allow", value: allowed.joined(separator: ", ")))
            return reply
        case .route(let route, let values):
            if let token = settings.token, !route.isOpen, !token.isIn(request.headers[.authorization]) {
                var reply = ConsoleReply.problem(
                    401, "token", "send \"Authorization: Bearer\" and the token of RIFFLE_HTTP_TOKEN")
                reply.headers.append((name: "WWW-Authenticate", value: "Bearer realm=\"riffle\""))
                return reply
            }
            return await answer(request, route, values)
        }
    }

    private func answer(_ request: Request, _ route: Route, _ values: [String]) async -> ConsoleReply {
        if route.body != nil, !Self.isJSON(request.headers[.contentType]) {
            return closing(.problem(415, "content-type", "send \"Content-Type: application/json\""))
        }
        let bytesMax = route.body == nil ? 0 : settings.limits.bodyBytesMax
        let body: [UInt8]
        do {
            let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
            guard length <= bytesMax else { throw NIOTooManyBytesError(maxBytes: bytesMax) }
            body = Array(buffer: try await request.body.collect(upTo: bytesMax))
        } catch is NIOTooManyBytesError {
            return closing(.problem(413, "body-too-long", "at most \(bytesMax) bytes"))
        } catch {
            return closing(.problem(400, "broken-body", "the body did not come to its end"))
        }
        return await route.answer(RouteCall(values: values, body: body))
    }

    /// The rest of a body that nobody reads would be read all the same.
    private func closing(_ reply: ConsoleReply) -> ConsoleReply {
        var reply = reply
        reply.closes = true
        return reply
    }

    private static func isJSON(_ type: String?) -> Bool {
        guard let type = type?.prefix(while: { $0 != ";" }).lowercased() else { return false }
        return type.filter { $0 != " " && $0 != "\t" } == "application/json"
    }

    private var nanoseconds: Int64 {
        let (seconds, attoseconds) = (clock.now - start).components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    // MARK: - Writing it

    private func response(of reply: ConsoleReply) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = reply.contentType
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        headers[.contentSecurityPolicy] = reply.policy ?? "default-src 'none'; frame-ancestors 'none'"
        for (name, value) in Self.everywhere + reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if reply.closes { headers[.connection] = "close" }
        let body: ResponseBody =
            switch reply.body {
            case .text(let text): ResponseBody(byteBuffer: ByteBuffer(string: text))
            case .stream(let ticket):
                ResponseBody { writer in
                    for await event in ticket.events { try await writer.write(ByteBuffer(string: event)) }
                    try await writer.finish(nil)
                }
            }
        return Response(status: HTTPResponse.Status(code: reply.status), headers: headers, body: body)
    }

    private static let everywhere = [
        (name: "Referrer-Policy", value: "no-referrer"), (name: "X-Frame-Options", value: "DENY"),
        (name: "Cross-Origin-Resource-Policy", value: "same-origin"),
        (name: "Cross-Origin-Opener-Policy", value: "same-origin"),
    ]
}
