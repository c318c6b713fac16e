import Events
import Testing

@testable import Features

/// Windows as one can see them. A line is time, a tick a column; letters are events of one key, and their alphabetical
/// order is the order in which they arrive. Events of the same tick stand in parentheses. Below each event: what its
/// window counts.
struct WindowMarbleTests {
    @Test func anEventExactlyAsOldAsTheWindowIsOut() {
        //           |<--4-->|
        expectMarbles("ab---c--d", counts: "12---1--2", length: 4)
        expectMarbles("ab--c---d", counts: "12--2---1", length: 4)
    }

    @Test func aWindowOfOneTickHoldsItsEventsOnly() {
        expectMarbles("abc-d(ef)g", counts: "111-1(12)1", length: 1)
    }

    @Test func tiesSeeThoseThatCameBefore() {
        expectMarbles("(abc)--(de)", counts: "(123)--(45)", length: 5)
    }

    @Test func anEventExactlyAsOldAsTheDelayIsIn() {
        expectMarbles("a--b", counts: "0--1", delay: 3, length: 2)
        expectMarbles("a---b", counts: "0---1", delay: 3, length: 2)
        expectMarbles("a----b", counts: "0----0", delay: 3, length: 2)
        expectMarbles("a-b", counts: "0-0", delay: 3, length: 2)
    }

    @Test func aDelayedWindowDoesNotHoldTheEventItself() {
        expectMarbles("abcdefgh", counts: "00122222", delay: 2, length: 2)
        expectMarbles("(ab)-(cd)", counts: "(00)-(22)", delay: 2, length: 1)
    }

    /// c arrives after b but lies before it: it sees a and itself, and whoever comes later sees it.
    @Test func anEventOutOfOrderIsPutInItsPlace() {
        expectMarbles("a-c-b-d", counts: "1-2-2-4", length: 10, late: 5)
        expectMarbles("a-c-b-d", counts: "1-2-2-3", length: 6, late: 5)
        expectMarbles("--(bc)-a-d", counts: "--(12)-1-4", length: 10, late: 5)
    }

    @Test func anEventOutOfOrderSeesItsOwnPast() {
        // d sees a and c; b has come before it, but lies after it. e sees what is less than 4 ticks old.
        expectMarbles("ac-d-b--e", counts: "12-3-1--2", length: 4, late: 5)
    }

    /// The horizon is length + late = 6 ticks behind the newest event: what is older is forgotten, and is seen by
    /// nobody.
    @Test func whatIsBeyondTheHorizonIsAlone() {
        expectMarbles("(ac)--------b", counts: "(11)--------1", length: 4, late: 2)
        // c is late. It would see a, which was remembered, but a is beyond the horizon of b.
        expectMarbles("----ac---b", counts: "----11---1", length: 4, late: 1)
        expectMarbles("----ac---b", counts: "----12---1", length: 4, late: 2)
        // All but a are late. c is forgotten at once; d is not, so e sees it, but not c.
        expectMarbles("a---cde--b", counts: "1---112--1", length: 4, late: 1)
        expectMarbles("a---cde--b", counts: "1---223--1", length: 5, late: 50)
    }

    private func expectMarbles(
        _ marbles: String, counts: String, delay: Int64 = 0, length: Int64, late: Int64 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var arrivals: [(letter: Character, tick: Int64, place: Int)] = []
        var tick: Int64 = 0
        var isTied = false
        for (place, marble) in marbles.enumerated() {
            switch marble {
            case "(": isTied = true
            case ")": isTied = false
            case "-": break
            default: arrivals.append((marble, tick, place))
            }
            if !isTied { tick += 1 }
        }
        arrivals.sort { $0.letter < $1.letter }
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: delay, length: length)], late: late)
        let features = HistoryRun(plan).features(arrivals.map { HistoryEvent(time: $0.tick) })
        var line = Array(marbles)
        for (arrival, row) in zip(arrivals, features) { line[arrival.place] = Character("\(Int(row[0]))") }
        #expect(String(line) == counts, "events \(marbles)", sourceLocation: sourceLocation)
    }
}
