import Events

/// The description of all routes: `/openapi.json`, and `docs/reference/openapi.json`.
enum OpenAPIDocument {
    /// Of any pipeline: `docs/reference/openapi.json`.
    static let text = document(of: RouteTable.described, event: Schemas.anyEvent).indentedText

    /// That of a pipeline: it says what its events look like.
    static func text(of events: EventSchema) -> String {
        document(of: RouteTable.described, event: EventDescription.schema(of: events)).indentedText
    }

    static func document(of routes: [Route], event: JSONContent) -> JSONContent {
        var paths: [JSONContent.Member] = []
        for path in routes.map(\.pathText).uniqued {
            let methods = routes.filter { $0.pathText == path }
                .map { JSONContent.Member($0.method.lowercased(), operation($0)) }
            paths.append(JSONContent.Member(path, .object(methods)))
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Riffle", "version": "1", "description": "What a running pipeline answers. See docs/HTTP.md.",
                "license": ["name": "see the project"],
            ],
            "servers": [["url": "/"]],
            "paths": .object(paths),
            "components": [
                "schemas": ["Event": event, "Problem": Schemas.problem],
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "RIFFLE_HTTP_TOKEN of the process. Not asked for on loopback unless it is set.",
                    ]
                ],
            ],
        ]
    }

    private static func operation(_ route: Route) -> JSONContent {
        var members: [JSONContent.Member] = [
            .init("summary", .string(route.summary)), .init("description", .string(route.detail)),
            .init("operationId", .string(operationID(route))),
        ]
        if !route.isOpen { members.append(.init("security", [["token": []], [:]])) }
        if !route.parameters.isEmpty {
            members.append(.init("parameters", .array(route.parameters.map(parameter))))
        }
        if let body = route.body {
            members.append(
                .init("requestBody", ["required": true, "content": [ConsoleReply.json: ["schema": body]]]))
        }
        members.append(.init("responses", .object((route.replies + everywhere(route)).map(reply))))
        return .object(members)
    }

    /// What any route may answer.
    private static func everywhere(_ route: Route) -> [Route.Reply] {
        var replies: [Route.Reply] = []
        let own = Set(route.replies.map(\.status))
        if !own.contains(400) { replies.append(.problem(400, "The request cannot be understood.")) }
        if !route.isOpen { replies.append(.problem(401, "The token is missing or wrong.")) }
        replies.append(.problem(403, "The Host header does not name this machine, on loopback."))
        if !own.contains(413) { replies.append(.problem(413, "The body is too long.")) }
        replies.append(.problem(429, "Too many requests; `Retry-After` says when to come again."))
        return replies
    }

    private static func operationID(_ route: Route) -> String {
        let words = route.path.map { $0.filter { $0.isLetter || $0.isNumber } }.filter { !$0.isEmpty }
        return ([route.method.lowercased()] + (words.isEmpty ? ["dashboard"] : words)).joined(separator: "_")
    }

    private static func parameter(_ parameter: Route.Parameter) -> JSONContent {
        [
            "name": .string(parameter.name), "in": "path", "required": true,
            "description": .string(parameter.summary), "schema": ["type": "string", "minLength": 1],
            "example": .string(parameter.example),
        ]
    }

    private static func reply(_ reply: Route.Reply) -> JSONContent.Member {
        let type = reply.contentType.split(separator: ";")[0]
        return .init(
            "\(reply.status)",
            [
                "description": .string(reply.summary),
                "content": .object([.init(String(type), ["schema": reply.schema])]),
            ])
    }
}

extension Array where Element: Hashable {
    /// Each once, where it stands first.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension RouteTable {
    /// The routes as such, of no process.
    static var described: [Route] {
        RouteTable(port: NoPort(), feed: LiveFeed(ConsoleLimits()), limits: ConsoleLimits()).routes
    }

    private struct NoPort: ConsolePort {
        func readiness() -> Readiness { Readiness(reasons: []) }
        func metricsText() -> String { "" }
        func pipeline() -> JSONContent { .null }
        func events() -> EventSchema { EventSchema(fields: [], time: .record) }
        func sample() -> LiveSample { LiveSample() }
        func ask(_ question: EngineQuestion) async -> EngineAnswer {
            .refused(EngineAnswer.Refusal(.busy, code: "no-engine", text: "there is no engine"))
        }
    }
}
