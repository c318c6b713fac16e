import Testing

@testable import Generation

struct SendPacerTests {
    @Test("events are due at even distances from the start")
    func steady() {
        var pacer = SendPacer(eventsPerSecond: 4, startNanoseconds: 1_000)
        #expect(pacer.take(atMost: 10, now: 999) == 0)
        #expect(pacer.nanosecondsUntilDue(now: 999) == 1)
        #expect(pacer.take(atMost: 10, now: 1_000) == 1)
        #expect(pacer.take(atMost: 10, now: 1_000) == 0)
        #expect(pacer.nanosecondsUntilDue(now: 1_000) == 250_000_000)
        #expect(pacer.take(atMost: 10, now: 250_000_999) == 0)
        #expect(pacer.take(atMost: 10, now: 250_001_000) == 1)
        #expect(pacer.taken == 2)
    }

    @Test("what was missed is due at once and keeps its intended time")
    func catchingUp() {
        var pacer = SendPacer(eventsPerSecond: 1_000, startNanoseconds: 0)
        // Ten seconds of silence: 10,001 events are due, and come out as fast as they are taken.
        #expect(pacer.take(atMost: 4_096, now: 10_000_000_000) == 4_096)
        #expect(pacer.take(atMost: 4_096, now: 10_000_000_000) == 4_096)
        #expect(pacer.nanosecondsUntilDue(now: 10_000_000_000) == 0)
        #expect(pacer.take(atMost: 4_096, now: 10_000_000_000) == 1_809)
        #expect(pacer.taken == 10_001)
        #expect(pacer.intendedNanoseconds(of: 5_000) == 5_000_000_000)
    }

    @Test(
        "over an hour no event is lost, early or more than a nanosecond off",
        arguments: [0.01, 0.3, 7, 200, 333.3, 1_234.5])
    func long(rate: Double) {
        var pacer = SendPacer(eventsPerSecond: rate, startNanoseconds: 5)
        let hour: Int64 = 3_600_000_000_000
        let expected = Int64(rate * 3_600 + 1e-9) + 1
        var now: Int64 = 5
        while now < 5 + hour {
            let taken = pacer.take(atMost: .max, now: now)
            #expect(pacer.intendedNanoseconds(of: pacer.taken) > now)
            #expect(taken == 0 || pacer.intendedNanoseconds(of: pacer.taken - 1) <= now)
            now += 7_000_000_000
        }
        _ = pacer.take(atMost: .max, now: 5 + hour)
        #expect(pacer.taken == expected)
    }

    @Test("as fast as it goes, everything is always due")
    func unlimited() {
        var pacer = SendPacer(eventsPerSecond: nil, startNanoseconds: 77)
        #expect(pacer.take(atMost: 4_096, now: 0) == 4_096)
        #expect(pacer.nanosecondsUntilDue(now: 0) == 0)
        #expect(pacer.intendedNanoseconds(of: 1_000_000) == 77)
        #expect(pacer.take(atMost: -1, now: 0) == 0)
        #expect(pacer.taken == 4_096)
    }

    @Test("absurdly slow rates and far events neither trap nor come due")
    func extremes() {
        var pacer = SendPacer(eventsPerSecond: 1e-300, startNanoseconds: .max - 10)
        #expect(pacer.take(atMost: 10, now: .max - 10) == 1)
        #expect(pacer.intendedNanoseconds(of: 1) == .max)
        #expect(pacer.nanosecondsUntilDue(now: .max - 10) == 10)
        let fast = SendPacer(eventsPerSecond: 1, startNanoseconds: .max - 10)
        #expect(fast.intendedNanoseconds(of: 1) == .max)
    }
}
