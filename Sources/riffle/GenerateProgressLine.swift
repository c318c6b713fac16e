import Dispatch
import Events
import Foundation
import Scoring

/// How far a generator has come: one line on a terminal, drawn again in place; nothing elsewhere.
// SAFETY: the variables are reached only on the serial queue.
final class GenerateProgressLine: @unchecked Sendable {
    private let progress: StreamProgress
    private let queue = DispatchQueue(label: "riffle.progress")
    private let timer: any DispatchSourceTimer
    private let isShown = Terminal.isErrorInteractive
    private let start = DispatchTime.now()
    private var isDrawn = false
    private var isStopped = false

    private static let milliseconds = 250

    init(_ progress: StreamProgress) {
        self.progress = progress
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + .milliseconds(Self.milliseconds), repeating: .milliseconds(Self.milliseconds))
        timer.setEventHandler { [weak self] in self?.draw() }
        timer.resume()
    }

    /// Takes the line away; a second call does nothing.
    func stop() {
        timer.cancel()
        queue.sync {
            if isDrawn && !isStopped { Terminal.printError("\r\u{1B}[K", terminator: "") }
            isStopped = true
        }
    }

    private func draw() {
        guard isShown, !isStopped else { return }
        isDrawn = true
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        let rate = seconds > 0 ? Int(Double(progress.events) / seconds) : 0
        var text = "\r\(progress.events) events, \(rate)/s"
        if let time = progress.eventTime { text += ", up to \(TimeText.string(time).prefix(10))" }
        if progress.isWaiting { text += ", waiting for the pipeline" }
        Terminal.printError(text + "\u{1B}[K", terminator: "")
    }
}

/// The last line of a generator.
enum GenerateSummaryText {
    static func line(_ summary: GenerateSummary, to target: String) -> String {
        let seconds = Double(summary.nanoseconds) / 1e9
        let rate = seconds > 0 ? Int(Double(summary.events) / seconds) : 0
        var text = "\(summary.events) events to \(target) in \((seconds * 10).rounded() / 10) s (\(rate)/s)"
        text += ", \(summary.frauds) of them fraud"
        if summary.labels > 0 { text += ", and \(summary.labels) labels" }
        if summary.failed > 0 {
            text += "; \(summary.failed) not delivered: \(summary.firstFailure ?? "stopped before")"
        }
        return text
    }
}
