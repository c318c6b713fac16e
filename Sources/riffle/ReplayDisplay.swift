import Engine
import Foundation
import Scoring

/// Shows a replay's faults as they are found and, where someone is looking, how far it is.
final class ReplayDisplay: ReplayProgressObserver {
    private static let redrawNanoseconds: Int64 = 100_000_000
    private static let barWidth = 30
    private static let clearLine = "\r\u{1B}[K"

    private let isInteractive = Terminal.isErrorInteractive
    private var lastDrawn = -redrawNanoseconds
    private var hasLine = false

    func replayDidAdvance(_ progress: ReplayProgress) {
        let now = progress.summary.nanoseconds
        guard isInteractive, now - lastDrawn >= Self.redrawNanoseconds else { return }
        lastDrawn = now
        hasLine = true
        Terminal.printError(Self.clearLine + Self.line(progress), terminator: "")
    }

    func replayDidFind(line: Int64, code: String, message: String) {
        finish()
        Terminal.printError("line \(line): \(code): \(message)")
    }

    /// Takes the bar away; what is printed next stands on a line of its own.
    func finish() {
        if hasLine { Terminal.printError(Self.clearLine, terminator: "") }
        hasLine = false
    }

    /// `[=======>        ]  48%  267,000 rows, 512,345 rows/s`
    static func line(_ progress: ReplayProgress) -> String {
        let counts = "\(progress.summary.rows) rows, \(ReplaySummaryText.rate(progress.summary)) rows/s"
        guard let total = progress.inputTotal, total > 0 else { return counts }
        let share = min(1, max(0, Double(progress.inputRead) / Double(total)))
        let filled = Int(share * Double(barWidth))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: barWidth - filled)
        let percent = "\(Int(share * 100))%"
        return "[\(bar)] \(String(repeating: " ", count: 4 - percent.count))\(percent)  \(counts)"
    }
}
