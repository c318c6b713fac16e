public import Diagnostics

/// One thing that was not as a test expected it.
public struct CaseDifference: Hashable, Sendable {
    /// Where the expectation stands in the file of tests.
    public let range: SourceRange
    /// `event 17`, `customer_id "c1" at 2018-04-09T10:00:00Z`.
    public let subject: String
    /// `feature terminal_risk_7d`, `outcome`.
    public let what: String
    public let expected: String
    public let got: String
    /// What the event's windows held, and what else helps to see why.
    public let details: [String]
}

/// What came of one test.
public struct CaseOutcome: Hashable, Sendable {
    public let name: String
    public let range: SourceRange
    public let differences: [CaseDifference]
    /// Set: it could not be run to its end.
    public let failure: String?
    public let events: Int
    /// So many values were compared.
    public let compared: Int

    public var hasPassed: Bool { differences.isEmpty && failure == nil }
}

/// What came of the tests of one file.
public struct CaseFileOutcome: Sendable {
    public let path: String
    /// In the order of the file; empty where the file has an error.
    public let outcomes: [CaseOutcome]
    /// Problems of the file itself.
    public let diagnostics: [Diagnostic]
    /// The problems as they are printed.
    public let rendered: String
}
