import Diagnostics
import Foundation

/// Where people read: the standard streams, and whether someone is looking.
enum Terminal {
    /// Lines may be drawn again in place, and colours are understood.
    static var isErrorInteractive: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }
    static var isOutputInteractive: Bool { isatty(STDOUT_FILENO) == 1 && !isDumb }
    static var usesColourOnError: Bool { isErrorInteractive && !refusesColour }
    static var usesColourOnOutput: Bool { isOutputInteractive && !refusesColour }

    private static var isDumb: Bool { environment("TERM") == "dumb" }
    /// https://no-color.org: set, to whatever but nothing.
    private static var refusesColour: Bool { environment("NO_COLOR")?.isEmpty == false }

    private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    static func printError(_ text: String, terminator: String = "\n") {
        if text.isEmpty && terminator.isEmpty { return }
        // Whoever read the messages may have gone; that is no reason to end.
        try? FileHandle.standardError.write(contentsOf: Data((text + terminator).utf8))
    }

    /// Why a command ends, and what to do next where that is known. What of it came from a file cannot move the cursor.
    static func printFailure(_ command: String, _ error: any Error) {
        let lines = "\(error)".split(separator: "\n", omittingEmptySubsequences: false)
        printError("\(command): \(lines.map { String($0).printable }.joined(separator: "\n"))")
        if let advice = FailureAdvice.text(for: error) { printError("  \(advice)") }
    }
}
