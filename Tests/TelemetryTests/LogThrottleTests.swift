import Testing

@testable import Telemetry

@Suite struct LogThrottleTests {
    private static let span = LogThrottle.spanNanoseconds

    @Test func aMessageComesSoOftenAndThenSaysWhatWasLeftOut() {
        var throttle = LogThrottle()
        let first = (0..<1_000).map { throttle.take("a", now: Int64($0)) }
        #expect(first.count { $0 == 0 } == LogThrottle.linesMax)
        #expect(first.prefix(LogThrottle.linesMax).allSatisfy { $0 == 0 })
        // Another message is another matter.
        let other = throttle.take("b", now: 5)
        #expect(other == 0)
        let tooEarly = throttle.take("a", now: Self.span - 1)
        #expect(tooEarly == nil)
        let next = throttle.take("a", now: Self.span)
        #expect(next == 1_001 - LogThrottle.linesMax)
        let afterNext = throttle.take("a", now: Self.span + 1)
        #expect(afterNext == 0)
    }

    @Test func messagesWithoutEndTakeNoMemoryWithoutEnd() {
        var throttle = LogThrottle()
        for number in 0..<3 * LogThrottle.messagesMax {
            let leftOut = throttle.take("\(number)", now: 0)
            #expect(leftOut == 0)
        }
        for _ in 0..<LogThrottle.linesMax { _ = throttle.take("1", now: 0) }
        let known = throttle.take("1", now: 0)
        #expect(known == nil)
        let new = throttle.take("new", now: Self.span)
        #expect(new == 0)
        for _ in 0..<LogThrottle.linesMax { _ = throttle.take("new", now: Self.span) }
        let newAgain = throttle.take("new", now: Self.span)
        #expect(newAgain == nil)
    }
}
