import Synchronization
import Telemetry

/// All routes of a console, in the order of the reference.
struct RouteTable: Sendable {
    let routes: [Route]

    enum Match {
        case route(Route, values: [String])
        /// The path is there, for these methods.
        case otherMethod(allowed: [String])
        case nothing
    }

    func find(_ method: String, _ parts: [String]) -> Match {
        var allowed: [String] = []
        for route in routes {
            guard let values = route.match(parts) else { continue }
            if route.method == method { return .route(route, values: values) }
            allowed.append(route.method)
        }
        return allowed.isEmpty ? .nothing : .otherMethod(allowed: allowed)
    }

    init(port: any ConsolePort, feed: LiveFeed, limits: ConsoleLimits) {
        let desk = QuestionDesk(port: port, milliseconds: limits.answerMilliseconds)
        routes = Self.probes(port) + Self.plan(port) + Self.questions(desk) + Self.live(feed)
    }

    /// Of a process that scores nothing: its probes, its metrics and its page.
    init(probes port: any ProbePort) { routes = Self.probes(port) + [Self.page(port)] }

    /// Unlike the dashboard it holds data: who may not read the metrics may not read it.
    private static func page(_ port: any ProbePort) -> Route {
        Route(
            method: "GET", path: [""], summary: "What the process has seen", detail: "One page without scripts.",
            replies: [
                Route.Reply(
                    status: 200, summary: "The page.", contentType: "text/html; charset=utf-8",
                    schema: ["type": "string"]), .problem(503, "There is none yet."),
            ]
        ) { _ in
            guard let page = port.page() else {
                return .problem(503, "no-page", "there is nothing to show yet; come again in a minute")
            }
            return ConsoleReply(
                status: 200, contentType: "text/html; charset=utf-8", body: .text(page),
                policy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        }
    }

    private static func probes(_ port: any ProbePort) -> [Route] {
        [
            Route(
                method: "GET", path: ["livez"], summary: "Whether the process answers",
                detail: "For a liveness probe: it says nothing about the pipeline.", isOpen: true,
                replies: [.json(200, "It does.", Schemas.alive)]
            ) { _ in .json(["alive": true]) },
            Route(
                method: "GET", path: ["readyz"], summary: "Whether events are scored as they come",
                detail: "For a readiness probe. Not ready: no partitions are assigned, windows are being rebuilt, no "
                    + "broker answers, or the run is ending.", isOpen: true,
                replies: [
                    .json(200, "Ready.", Schemas.readiness), .json(503, "Not ready, and why.", Schemas.readiness),
                ]
            ) { _ in
                let readiness = port.readiness()
                return .json(readiness.json, status: readiness.isReady ? 200 : 503)
            },
            Route(
                method: "GET", path: ["metrics"], summary: "All metrics, in Prometheus' text format",
                detail: "The same as `riffle run --metrics-file` writes.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The exposition.", contentType: MetricRegistry.contentType,
                        schema: ["type": "string"])
                ]
            ) { _ in
                ConsoleReply(status: 200, contentType: MetricRegistry.contentType, body: .text(port.metricsText()))
            },
        ]
    }

    private static func plan(_ port: any ConsolePort) -> [Route] {
        // Made once it is asked for: the document describes this table, too.
        let document = LazyText { OpenAPIDocument.text(of: port.events()) }
        return [
            Route(
                method: "GET", path: ["v1", "pipeline"], summary: "The plan that runs",
                detail:
                    "Name, hash, sources, features in the model's order, models with their versions, rules, outputs.",
                replies: [.json(200, "The plan.", Schemas.pipeline)]
            ) { _ in .json(port.pipeline()) },
            Route(
                method: "GET", path: ["openapi.json"], summary: "This document",
                detail: "OpenAPI 3.1, with what events of the scored source look like.",
                replies: [.json(200, "The document.", ["type": "object"])]
            ) { _ in ConsoleReply(status: 200, contentType: ConsoleReply.json, body: .text(document.text)) },
        ]
    }

    private static func questions(_ desk: QuestionDesk) -> [Route] {
        let refusals: [Route.Reply] = [
            .problem(503, "The engine is not ready, or has too many questions."),
            .problem(504, "No answer in time."),
        ]
        return [
            Route(
                method: "POST", path: ["v1", "score"], summary: "Score one event without taking it in",
                detail:
                    "The event of the scored source is evaluated against live state as if it came now. State, offsets "
                    + "and outputs stay as they are.",
                body: Schemas.event,
                replies: [.json(200, "The record that the event would get.", Schemas.score)] + Self.eventRefusals
                    + refusals
            ) { await desk.answer(.score(event: $0.body)) },
            Route(
                method: "POST", path: ["v1", "explain"], summary: "Score one event and say why",
                detail: "As `/v1/score`, with the value of every feature, and with reasons where the model gives them.",
                body: Schemas.event,
                replies: [.json(200, "The record, and what led to it.", Schemas.explanation)] + Self.eventRefusals
                    + refusals
            ) { await desk.answer(.explain(event: $0.body)) },
            Route(
                method: "GET", path: ["v1", "features", "{entity}", "{key}"], summary: "The features of a key now",
                detail: "Every window feature of one key at the watermark, without an event. `null`: missing.",
                parameters: [
                    Route.Parameter(
                        name: "entity", summary: "The field that windows are kept by, as in `by:`.",
                        example: "customer_id"),
                    Route.Parameter(name: "key", summary: "One value of it.", example: "596"),
                ],
                replies: [
                    .json(200, "Its features.", Schemas.features),
                    .problem(404, "There is no such entity, or nothing is known of the key."),
                ] + refusals
            ) { await desk.answer(.features(entity: $0.values[0], key: $0.values[1])) },
        ]
    }

    private static let eventRefusals: [Route.Reply] = [
        .problem(400, "The body is no event of the scored source: the code is that of its dead letter."),
        .problem(413, "The body is longer than `limits.event_bytes`."),
        .problem(415, "The body is not `application/json`."),
    ]

    private static func live(_ feed: LiveFeed) -> [Route] {
        [
            Route(
                method: "GET", path: ["v1", "stream"], summary: "How things stand, once a second",
                detail: "Server-sent events: first `history`, the last two minutes in brief, then a `sample` a second.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "Events without end.", contentType: "text/event-stream",
                        schema: ["type": "string"]),
                    .problem(503, "There are as many listeners as there may be."),
                ]
            ) { _ in
                guard let ticket = feed.enter() else {
                    return .problem(503, "too-many-listeners", "as many listen as may; close another page")
                }
                return ConsoleReply(status: 200, contentType: "text/event-stream", body: .stream(ticket))
            },
            Route(
                method: "GET", path: [""], summary: "The dashboard",
                detail: "One page that asks for nothing but `/v1/stream`; it holds no data itself.", isOpen: true,
                replies: [
                    Route.Reply(
                        status: 200, summary: "The page.", contentType: "text/html; charset=utf-8",
                        schema: ["type": "string"])
                ]
            ) { _ in
                let page = DashboardPage.make()
                return ConsoleReply(
                    status: 200, contentType: "text/html; charset=utf-8", body: .text(page.text), policy: page.policy)
            },
        ]
    }
}

/// A text that is made when it is first asked for.
private final class LazyText: Sendable {
    private let make: @Sendable () -> String
    private let made = Mutex<String?>(nil)

    init(_ make: @escaping @Sendable () -> String) { self.make = make }

    var text: String {
        made.withLock { made in
            if let made { return made }
            let text = make()
            made = text
            return text
        }
    }
}

extension Route.Reply {
    static func json(_ status: Int, _ summary: String, _ schema: JSONContent) -> Route.Reply {
        Route.Reply(status: status, summary: summary, contentType: ConsoleReply.json, schema: schema)
    }

    static func problem(_ status: Int, _ summary: String) -> Route.Reply {
        Route.Reply(
            status: status, summary: summary, contentType: ConsoleReply.problem,
            schema: ["$ref": "#/components/schemas/Problem"])
    }
}
