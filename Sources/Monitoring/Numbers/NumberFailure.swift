/// Why a file's numbers cannot be used: which file, which line, what is wrong and what would mend it.
public struct NumberFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
