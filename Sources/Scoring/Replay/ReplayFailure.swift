public import Foundation

/// Why a replay cannot start or go on.
public struct ReplayFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// What was asked for does not fit together; nothing was read.
        case usage
        /// A file or the machine: the input cannot be read, the output cannot be written.
        case environment
        /// Whoever read the output has gone away: there is nobody to tell.
        case brokenPipe
    }

    public let kind: Kind
    /// One sentence; never a value from the data.
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// A failure of the system: `events.csv: no such file or directory`.
    public static func system(_ name: String, _ what: String, code: Int32 = errno) -> ReplayFailure {
        let reason = code == ENOSPC ? "the disk is full" : String(cString: strerror(code)).lowercased()
        return ReplayFailure(code == EPIPE ? .brokenPipe : .environment, "\(name): \(what): \(reason)")
    }
}
