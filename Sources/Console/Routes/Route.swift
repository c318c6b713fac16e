/// One thing that can be asked for: the server answers by it, and the OpenAPI document describes it.
struct Route: Sendable {
    /// Upper case.
    let method: String
    /// Its parts; one in braces takes any text.
    let path: [String]
    let summary: String
    let detail: String
    /// Whether it is answered without a token.
    var isOpen = false
    /// Whether a JSON body has to come with it; what it holds.
    var body: JSONContent?
    var parameters: [Parameter] = []
    let replies: [Reply]
    let answer: @Sendable (RouteCall) async -> ConsoleReply

    /// What a part in braces stands for.
    struct Parameter: Sendable {
        let name: String
        let summary: String
        let example: String
    }

    /// What may come back.
    struct Reply: Sendable {
        let status: Int
        let summary: String
        let contentType: String
        let schema: JSONContent
    }

    var pathText: String { "/" + path.joined(separator: "/") }

    /// The values of the parts in braces; `nil`: it is another path.
    func match(_ parts: [String]) -> [String]? {
        guard parts.count == path.count else { return nil }
        var values: [String] = []
        for (expected, part) in zip(path, parts) {
            if expected.hasPrefix("{") {
                values.append(part)
            } else if expected != part {
                return nil
            }
        }
        return values
    }
}

/// A request that found its route.
struct RouteCall: Sendable {
    let values: [String]
    let body: [UInt8]
}

/// What is sent back.
struct ConsoleReply: Sendable {
    enum Body: Sendable {
        case text(String)
        /// Server-sent events, until the peer leaves or the console stops.
        case stream(LiveFeed.Ticket)
    }

    var status: Int
    var contentType: String
    var body: Body
    /// What a browser may do with it; `nil`: nothing.
    var policy: String?
    var headers: [(name: String, value: String)] = []
    /// Whether the connection ends behind it.
    var closes = false

    static let json = "application/json"
    static let problem = "application/problem+json"

    static func json(_ content: JSONContent, status: Int = 200) -> ConsoleReply {
        ConsoleReply(status: status, contentType: json, body: .text(content.text))
    }

    /// RFC 9457.
    static func problem(_ status: Int, _ code: String, _ detail: String) -> ConsoleReply {
        let content: JSONContent = [
            "type": "about:blank", "status": .integer(Int64(status)), "code": .string(code), "detail": .string(detail),
        ]
        return ConsoleReply(status: status, contentType: problem, body: .text(content.text))
    }
}
