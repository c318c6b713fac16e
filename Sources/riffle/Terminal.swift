import Foundation

/// Where people read: the standard streams, and whether someone is looking.
enum Terminal {
    static var isErrorInteractive: Bool { isatty(STDERR_FILENO) == 1 }
    static var isOutputInteractive: Bool { isatty(STDOUT_FILENO) == 1 }
    static var usesColourOnError: Bool { isErrorInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil }
    static var usesColourOnOutput: Bool {
        isOutputInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    static func printError(_ text: String, terminator: String = "\n") {
        if text.isEmpty && terminator.isEmpty { return }
        // Whoever read the messages may have gone; that is no reason to end.
        try? FileHandle.standardError.write(contentsOf: Data((text + terminator).utf8))
    }
}
