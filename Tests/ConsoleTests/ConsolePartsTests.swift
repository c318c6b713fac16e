import Testing

@testable import Console

@Suite struct ConsolePartsTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080", true), ("localhost:0", "localhost:0", true),
        ("LOCALHOST:1", "LOCALHOST:1", true), ("[::1]:65535", "[::1]:65535", true),
        ("127.9.9.9:1", "127.9.9.9:1", true),
        ("0.0.0.0:80", "0.0.0.0:80", false), ("[::]:80", "[::]:80", false), ("example.org:80", "example.org:80", false),
        ("127.0.0.1.example.org:80", "127.0.0.1.example.org:80", false), ("127.0.0:80", "127.0.0:80", false),
    ]) func addressesAreRead(text: String, description: String, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.description == description)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "a b:80", "[a]:80", "a/b:80",
    ])
    func whatIsNoAddressIsNone(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func aTokenHasToBeWhole() throws {
        let token = try #require(BearerToken("0123456789abcdef"))
        #expect(token.isIn("Bearer 0123456789abcdef"))
        #expect(token.isIn("bearer 0123456789abcdef"))
        for other in [
            nil, "", "Bearer", "Bearer ", "Basic 0123456789abcdef", "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
            "Bearer  0123456789abcdef", "Bearer 0123456789abcdef0123456789abcdef", "0123456789abcdef",
        ] {
            #expect(!token.isIn(other), "\(other ?? "nil")")
        }
        #expect(BearerToken("0123456789abcde") == nil)
        #expect(BearerToken("0123456789 abcdef") == nil)
        #expect(BearerToken("0123456789äbcdef") == nil)
    }

    @Test func anAllowanceFillsAsTimeGoesBy() {
        var limits = ConsoleLimits()
        limits.requestBurst = 2
        limits.requestsPerSecond = 4
        limits.peersMax = 2
        var allowance = RequestAllowance(limits)
        #expect(allowance.take("a", now: 0) == nil)
        #expect(allowance.take("a", now: 0) == nil)
        #expect(allowance.take("a", now: 0) == 1)
        #expect(allowance.take("a", now: 249_000_000) == 1)
        #expect(allowance.take("a", now: 250_000_000) == nil)
        #expect(allowance.take("b", now: 250_000_000) == nil, "each peer has its own")
        #expect(allowance.take("c", now: 250_000_000) == nil)
        #expect(allowance.take("d", now: 250_000_000) == nil)
        #expect(allowance.take("e", now: 250_000_000) == 1, "beyond the most peers all share one")
        #expect(allowance.take("e", now: 900_000_000_000) == nil, "those who have been silent are forgotten")
        #expect(allowance.take("e", now: 0) == nil, "time that goes back takes nothing away")
    }

    @Test(arguments: [
        ("/", [""]), ("/a/b", ["a", "b"]), ("/a%2Fb/c?d=e", ["a/b", "c"]), ("/%C3%A4", ["ä"]), ("/a/", ["a", ""]),
    ]) func pathsAreTakenApart(target: String, parts: [String]) { #expect(RoutePath.parts(of: target) == parts) }

    @Test(arguments: ["", "a", "*", "/%", "/%4", "/%zz", "/%ff", "http://a/b"]) func brokenPathsAreNone(target: String)
    {
        #expect(RoutePath.parts(of: target) == nil)
    }

    @Test func jsonIsWrittenInOrder() {
        let content: JSONContent = [
            "b": [1, .number(1.5), .number(.nan), .number(-0.0), true, .null], "a": "\"\n\u{1}ä", "c": [:], "d": [],
        ]
        #expect(content.text == #"{"b":[1,1.5,null,0,true,null],"a":"\"\n\u0001ä","c":{},"d":[]}"#)
        #expect(JSONContent.object([.init("a", [1])]).indentedText == "{\n  \"a\": [\n    1\n  ]\n}\n")
    }

    @Test func aListenerThatIsLetGoMakesRoom() {
        var limits = ConsoleLimits()
        limits.listenersMax = 1
        let feed = LiveFeed(limits)
        var ticket = feed.enter()
        #expect(ticket != nil)
        #expect(feed.enter() == nil)
        ticket = nil
        #expect(feed.enter() != nil)
        feed.close()
        #expect(feed.enter() == nil)
    }

    @Test func aSlowListenerMissesSamplesAndKeepsTheNewest() async throws {
        let feed = LiveFeed(ConsoleLimits())
        let ticket = try #require(feed.enter())
        for seconds in 1...500 {
            var sample = LiveSample()
            sample.seconds = Double(seconds)
            feed.publish(sample)
        }
        feed.close()
        var events: [String] = []
        for await event in ticket.events { events.append(event) }
        #expect(events.count == 2)
        #expect(events.last?.contains("\"seconds\":500,") == true)
    }

    @Test func thePageAsksForNothingElse() {
        let page = DashboardPage.make()
        #expect(page.text.utf8.count < 300_000)
        for mark in ["http://", "https://", "src=", "@import", "url("] {
            let text = page.text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!text.contains(mark), "\(mark)")
        }
        #expect(page.policy != DashboardPage.make().policy, "a nonce is used once")
    }
}
