import Events
import Testing

@testable import Engine
@testable import Scoring

/// A code that no letter can have is a slip of whoever typed it, and no empty topic.
struct DeadLetterCodeTests {
    @Test func everyCodeThatIsCountedIsKnown() {
        var counts = DeadLetterCounts()
        for code in FaultCode.allCases where code != .none { counts.add(code, source: 0) }
        counts.add(nil, source: 0)
        var names: [String] = []
        counts.forEach { _, code, _ in names.append(code) }
        #expect(names.count > 20 && names.allSatisfy { DeadLetterQuery.problem(ofCode: $0) == nil })
        #expect(Set(names) == Set(DeadLetterQuery.codeNames))
    }

    @Test func anotherIsAnsweredWithThoseThatThereAre() {
        let near = DeadLetterQuery.problem(ofCode: "feild-missing")
        #expect(near == "no dead letter has the code \"feild-missing\"; did you mean \"field-missing\"?")
        let far = DeadLetterQuery.problem(ofCode: "nonsense")
        #expect(far?.contains("expected one of tombstone, event-too-large, ") == true, "\(far ?? "")")
        #expect(DeadLetterQuery.problem(ofCode: "none") != nil)
    }
}
