/// What is known of one diagnostic code, for the reference page and the tests.
public struct DiagnosticEntry: Hashable, Sendable {
    public let code: String
    /// One sentence: what is wrong.
    public let meaning: String
    /// One sentence: what to do.
    public let remedy: String

    public init(_ code: String, _ meaning: String, remedy: String) {
        self.code = code
        self.meaning = meaning
        self.remedy = remedy
    }
}
