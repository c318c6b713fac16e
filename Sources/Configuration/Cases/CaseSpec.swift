public import Diagnostics
public import Events

/// One test of a file, as it was read; names in it are not checked yet.
public struct CaseSpec: Sendable {
    public let name: Located<String>
    public let steps: [CaseStep]
    /// Each with the id of its event.
    public let expectations: [CaseExpectation]
    /// By what part of itself a number with a fraction may be off.
    public let tolerance: Double
}

/// One step of a test.
public struct CaseStep: Sendable {
    public enum Action: Sendable {
        case event(EventValue)
        case json(Located<String>)
        /// Sources and paths, which are relative to the file of tests.
        case files([(source: Located<String>, path: Located<String>)])
        case restart(Located<String>)
        case ask(CaseQuestion)
    }

    public let action: Action
    public let range: SourceRange
    public let source: Located<String>?
    public let recordTime: Located<EventTime>?
    public let expectation: CaseExpectation?
}

/// What is asked of a key at a time.
public struct CaseQuestion: Sendable {
    public let by: Located<String>
    public let key: Located<String>
    public let at: Located<EventTime>
}

/// What has to come of an event, or of a question. What is `nil` or empty may be anything.
public struct CaseExpectation: Sendable {
    public struct Value: Sendable {
        public let name: Located<String>
        public let expected: ExpectedValue
        public let written: Located<String>
    }

    public let range: SourceRange
    public let id: Located<String>?
    public let outcome: Located<String>?
    public let fault: Located<String>?
    public let field: Located<String>?
    public let isLate: Located<Bool>?
    public let features: [Value]
    public let score: Value?
    public let models: [Value]
    public let decision: Located<String>?
    public let reasons: [Located<String>]?
    /// Where `reasons` is written.
    public let reasonsRange: SourceRange?

    /// Whether nothing is expected.
    public var isEmpty: Bool {
        outcome == nil && fault == nil && field == nil && isLate == nil && features.isEmpty && score == nil
            && models.isEmpty && decision == nil && reasons == nil
    }
}
