import Logging
import Testing

@testable import Console

/// A console over real sockets; threads wait for each other, so that one test runs at a time.
@Suite(.serialized) struct ConsoleServerTests {
    @Test func everyRouteAnswersOnOneConnection() throws {
        let console = try ServedConsole()
        let client = console.client()
        #expect(client.ask("GET", "/livez")?.body == #"{"alive":true}"#)
        #expect(client.ask("GET", "/readyz")?.body == #"{"ready":true,"reasons":[]}"#)
        let metrics = try #require(client.ask("GET", "/metrics"))
        #expect(metrics.body == "riffle_events_total 7\n")
        #expect(metrics.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(client.ask("GET", "/v1/pipeline?x=1")?.body == #"{"pipeline":"card-fraud"}"#)
        #expect(client.ask("GET", "/openapi.json")?.body == OpenAPIDocument.text(of: TestPort.events))
        let page = try #require(client.ask("GET", "/"))
        #expect(page.status == 200 && page.body.hasPrefix("<!doctype html>"))
        #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
    }

    /// A process that scores nothing answers for its health and its metrics.
    @Test func probesAloneAreProbesAlone() throws {
        let token = "0123456789abcdef"
        let console = try ServedConsole(token: token, hasProbesAlone: true)
        let client = console.client()
        #expect(client.ask("GET", "/livez")?.status == 200)
        console.port.reasons = [Readiness.Reason(code: "starting", text: "it begins")]
        #expect(client.ask("GET", "/readyz")?.status == 503)
        #expect(client.ask("GET", "/metrics")?.status == 401)
        let metrics = client.ask("GET", "/metrics", fields: [("Authorization", "Bearer \(token)")])
        #expect(metrics?.body == "riffle_events_total 7\n")
        #expect(client.ask("GET", "/")?.status == 401)
        let page = client.ask("GET", "/", fields: [("Authorization", "Bearer \(token)")])
        #expect(page?.status == 503)
        for path in ["/v1/stream", "/v1/pipeline", "/v1/features/card/1", "/openapi.json"] {
            #expect(client.ask("GET", path)?.status == 404, "\(path)")
        }
        #expect(console.port.asked.isEmpty)
    }

    @Test func answersMayNotBeUsedByOtherSites() throws {
        let console = try ServedConsole()
        let answer = try #require(
            console.client().ask("GET", "/v1/pipeline", fields: [("Origin", "http://evil.example")]))
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["cache-control"] == "no-store")
        #expect(answer.fields["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'")
        #expect(answer.fields.keys.allSatisfy { !$0.hasPrefix("access-control") })
        let preflight = try #require(
            console.client().ask("OPTIONS", "/v1/score", fields: [("Origin", "http://evil.example")]))
        #expect(preflight.status == 405)
        #expect(preflight.fields["allow"] == "POST")
    }

    @Test func itSaysWhyItIsNotReady() throws {
        let console = try ServedConsole()
        console.port.reasons = [Readiness.Reason(code: "broker-away", text: "no broker answers")]
        let answer = try #require(console.client().ask("GET", "/readyz"))
        #expect(answer.status == 503)
        #expect(answer.body == #"{"ready":false,"reasons":[{"code":"broker-away","text":"no broker answers"}]}"#)
    }

    @Test func questionsReachTheEngineWithTheirBytes() throws {
        let console = try ServedConsole()
        let client = console.client()
        #expect(
            client.ask("POST", "/v1/score", body: #"{"a":1}"#, fields: ServedConsole.json)?.body == #"{"score":0.5}"#)
        #expect(client.ask("POST", "/v1/explain", body: "{}", fields: ServedConsole.json)?.status == 200)
        #expect(client.ask("GET", "/v1/features/customer_id/a%2Fb%20c")?.status == 200)
        #expect(
            console.port.asked == [
                .score(event: Array(#"{"a":1}"#.utf8)), .explain(event: Array("{}".utf8)),
                .features(entity: "customer_id", key: "a/b c"),
            ])
    }

    @Test(arguments: [
        (EngineAnswer.Refusal.Kind.event, 400), (.unknown, 404), (.busy, 503), (.timedOut, 504),
    ]) func refusalsHaveTheirStatus(kind: EngineAnswer.Refusal.Kind, status: Int) throws {
        let console = try ServedConsole()
        console.port.answer = .refused(EngineAnswer.Refusal(kind, code: "some-code", text: "some text"))
        let answer = try #require(console.client().ask("POST", "/v1/score", body: "{}", fields: ServedConsole.json))
        #expect(answer.status == status)
        #expect(answer.fields["content-type"] == "application/problem+json")
        #expect(answer.body.contains(#""code":"some-code","detail":"some text""#))
    }

    @Test func anEngineThatIsSilentIsNotWaitedForForEver() throws {
        let console = try ServedConsole(TestPort(isSilent: true)) { $0.answerMilliseconds = 20 }
        let answer = try #require(console.client().ask("POST", "/v1/score", body: "{}", fields: ServedConsole.json))
        #expect(answer.status == 504)
    }

    @Test func whatIsNotThereIsSaidToBeSo() throws {
        let console = try ServedConsole()
        #expect(console.client().ask("GET", "/v1/nothing")?.status == 404)
        #expect(console.client().ask("GET", "/v1//")?.status == 404)
        #expect(console.client().ask("DELETE", "/metrics")?.status == 405)
        #expect(console.client().ask("GET", "/v1/features/a/%f")?.status == 400)
        #expect(console.client().ask("GET", "/v1/features/a/%ff")?.status == 400)
    }

    // MARK: - Who may ask

    @Test func aTokenIsAskedForWhereOneIsSet() throws {
        let console = try ServedConsole(token: "0123456789abcdef")
        let client = console.client()
        for path in ["/metrics", "/v1/pipeline", "/openapi.json", "/v1/stream", "/v1/features/a/b"] {
            let answer = try #require(client.ask("GET", path))
            #expect(answer.status == 401, "\(path)")
            #expect(answer.fields["www-authenticate"] == "Bearer realm=\"riffle\"")
        }
        #expect(client.ask("GET", "/metrics", fields: [("Authorization", "Bearer 0123456789abcdeg")])?.status == 401)
        #expect(client.ask("GET", "/metrics", fields: [("Authorization", "Bearer 0123456789abcdef")])?.status == 200)
        for path in ["/", "/livez", "/readyz"] { #expect(client.ask("GET", path)?.status == 200, "\(path)") }
        #expect(client.ask("POST", "/v1/score", body: "{}", fields: ServedConsole.json)?.status == 401)
        #expect(console.port.asked.isEmpty)
    }

    @Test(arguments: [
        ("localhost", 200), ("127.0.0.1:80", 200), ("[::1]:80", 200), ("evil.example", 403),
        ("127.0.0.1.evil.example:80", 403),
    ])
    func onLoopbackTheHostHasToBeThisMachine(host: String, status: Int) throws {
        let console = try ServedConsole()
        #expect(console.client().ask("GET", "/metrics", fields: [("Host", host)])?.status == status)
    }

    // MARK: - Limits

    @Test func whoAsksTooMuchIsToldWhenToComeAgain() throws {
        let console = try ServedConsole {
            $0.requestBurst = 3
            $0.requestsPerSecond = 0.01
        }
        let client = console.client()
        for _ in 0..<3 { #expect(client.ask("GET", "/livez")?.status == 200) }
        let answer = try #require(client.ask("GET", "/livez"))
        #expect(answer.status == 429)
        let seconds = try #require(answer.fields["retry-after"].flatMap { Int($0) })
        #expect((90...100).contains(seconds))
    }

    @Test func bodiesAreBounded() throws {
        let console = try ServedConsole { $0.bodyBytesMax = 100 }
        let exact = String(repeating: " ", count: 100)
        #expect(console.client().ask("POST", "/v1/score", body: exact, fields: ServedConsole.json)?.status == 200)
        let long = console.client()
        #expect(long.ask("POST", "/v1/score", body: exact + " ", fields: ServedConsole.json)?.status == 413)
        #expect(long.isClosed, "what is left of the body is not waited for")
        let chunked = console.client()
        chunked.send(
            "POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "80\r\n" + String(repeating: "a", count: 128) + "\r\n")
        #expect(chunked.readAnswer()?.status == 413)
        #expect(console.client().ask("GET", "/livez", body: "x")?.status == 413)
        #expect(
            console.client().ask("POST", "/v1/score", body: "{}", fields: [("Content-Type", "text/plain")])?.status
                == 415)
        #expect(console.port.asked == [.score(event: Array(exact.utf8))])
    }

    @Test func headersAreBounded() throws {
        let console = try ServedConsole()
        let wide = console.client()
        #expect(wide.ask("GET", "/livez", fields: [("X-Wide", String(repeating: "a", count: 70_000))])?.status != 200)
        let many = (0..<200).map { ("X-\($0)", "a") }
        #expect(console.client().ask("GET", "/livez", fields: many)?.status != 200)
        #expect(console.client().ask("GET", "/livez")?.status == 200)
    }

    @Test(arguments: [
        "", "GET /livez HTTP/1.1\r\nHost: loc",
        "POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ])
    func whoSendsTooSlowlyIsCutOff(start: String) throws {
        let console = try ServedConsole {
            $0.headMilliseconds = 1
            $0.bodyMilliseconds = 1
        }
        let client = console.client()
        client.send(start)
        // Either nothing, or that the body did not come; and then the end.
        let answer = client.readAnswer()
        #expect(answer == nil || answer?.status == 400)
        #expect(answer == nil || client.isClosed)
        #expect(console.port.asked.isEmpty)
    }

    @Test func whatIsNoRequestEndsItsConnectionAlone() throws {
        let console = try ServedConsole()
        let other = console.client()
        let client = console.client()
        client.send("\u{0}\u{1} nonsense\r\n\r\n")
        #expect(client.readAnswer()?.status != 200)
        #expect(other.ask("GET", "/livez")?.status == 200)
    }

    // MARK: - The stream

    @Test func theStreamBeginsWithItsHistoryAndEndsWithTheConsole() throws {
        let console = try ServedConsole { $0.sampleMilliseconds = 5 }
        let client = console.client()
        client.send("GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let head = try #require(client.readHead())
        #expect(head.status == 200)
        #expect(head.fields["content-type"] == "text/event-stream")
        #expect(client.read(upTo: "event: history\ndata: [") != nil)
        for _ in 0..<3 {
            let event = try #require(client.read(upTo: "\n\n"))
            if event.contains("event: sample") { #expect(event.contains(#""pipeline":"card-fraud""#)) }
        }
        console.server.stop()
        while client.read(upTo: "\n\n") != nil {}
        #expect(client.isClosed)
    }

    @Test func listenersAreBounded() throws {
        let console = try ServedConsole { $0.listenersMax = 2 }
        func listen() -> SocketClient {
            let client = console.client()
            client.send("GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client
        }
        let (first, second) = (listen(), listen())
        #expect(first.readHead()?.status == 200)
        #expect(second.readHead()?.status == 200)
        #expect(listen().readHead()?.status == 503)
    }

    // MARK: - Beginning and end

    @Test func anAddressThatIsTakenIsRefusedAtOnce() throws {
        let console = try ServedConsole()
        let settings = try ConsoleSettings(address: console.server.address, token: nil)
        let error = #expect(throws: ConsoleFailure.self) {
            try ConsoleServer(
                settings, port: TestPort(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        #expect(error?.description.contains("another program listens there") == true)
    }

    @Test func otherAddressesNeedAToken() throws {
        let address = try #require(ListenAddress("0.0.0.0:0"))
        let missing = #expect(throws: ConsoleFailure.self) { try ConsoleSettings(address: address, token: nil) }
        #expect(missing?.description.contains("RIFFLE_HTTP_TOKEN") == true)
        let short = #expect(throws: ConsoleFailure.self) { try ConsoleSettings(address: address, token: "short") }
        #expect(short?.description.contains("at least 16") == true)
        #expect(throws: Never.self) { try ConsoleSettings(address: address, token: "0123456789abcdef") }
    }
}
