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

    func replayDidFind(file: String?, line: Int64, code: String, message: String) {
        finish()
        Terminal.printError("\(file.map { "\($0) " } ?? "")line \(line): \(code): \(message)")
    }

    /// Takes the bar away; what is printed next stands on a line of its own.
    func finish() {
        if hasLine { Terminal.printError(Self.clearLine, terminator: "") }
        hasLine = false
    }

    /// `[=======        ]  48%  267000 rows, 512345 rows/s, 1 s left`
    static func line(_ progress: ReplayProgress) -> String {
        let counts = "\(progress.summary.rows) rows, \(ReplaySummaryText.rate(progress.summary)) rows/s"
        guard let total = progress.inputTotal, total > 0 else { return counts }
        let share = min(1, max(0, Double(progress.inputRead) / Double(total)))
        let filled = Int(share * Double(barWidth))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: barWidth - filled)
        let percent = "\(Int(share * 100))%"
        let left = timeLeft(progress.summary.nanoseconds, share: share).map { ", \($0) left" } ?? ""
        return "[\(bar)] \(String(repeating: " ", count: 4 - percent.count))\(percent)  \(counts)\(left)"
    }

    /// As if it went on as it did; `nil` before that says anything.
    private static func timeLeft(_ nanoseconds: Int64, share: Double) -> String? {
        guard share > 0.01, nanoseconds > 500_000_000 else { return nil }
        let seconds = Int((Double(nanoseconds) / 1e9 * (1 - share) / share).rounded(.up))
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }
}
