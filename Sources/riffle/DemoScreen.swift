import Console
import Dispatch
import Foundation
import Scoring
import Synchronization

/// Draws a demonstration: in place on a terminal, as a line now and then elsewhere.
// SAFETY: the variables are reached only on the serial queue.
final class DemoScreen: @unchecked Sendable {
    private let demonstration: Demonstration
    private let console: ListenAddress?
    private let queue = DispatchQueue(label: "riffle.screen")
    private let timer: any DispatchSourceTimer
    private var meter = DemonstrationMeter()
    /// Lines of the frame on the screen.
    private var lineCount = 0
    private var drawnSize: (columns: Int, rows: Int)?
    private var isStopped = false
    /// Whether the frame is drawn again in place.
    let isLive: Bool

    private static let frameMilliseconds = 250
    private static let lineMilliseconds = 5_000

    /// - Parameter console: where the dashboard is; `nil`: there is none.
    init(_ demonstration: Demonstration, console: ListenAddress?) {
        self.demonstration = demonstration
        self.console = console
        isLive = Terminal.isOutputInteractive
        timer = DispatchSource.makeTimerSource(queue: queue)
    }

    func start() {
        let interval = DispatchTimeInterval.milliseconds(isLive ? Self.frameMilliseconds : Self.lineMilliseconds)
        timer.schedule(deadline: isLive ? .now() : .now() + interval, repeating: interval)
        timer.setEventHandler { [weak self] in self?.draw() }
        if let console { write("dashboard at http://\(console)/\n") }
        if isLive { write("\u{1B}[?25l") } else { write("embedded cluster at \(demonstration.address)\n") }
        timer.resume()
    }

    /// Draws the last frame and gives the terminal back; a second call does nothing.
    func stop() {
        timer.cancel()
        queue.sync {
            if isStopped { return }
            isStopped = true
            if isLive {
                drawFrame()
                write("\u{1B}[?25h\n")
            }
        }
    }

    private func draw() {
        if isStopped { return }
        if isLive { drawFrame() } else { write(DemonstrationView.line(meter.frame(demonstration.snapshot())) + "\n") }
    }

    private func drawFrame() {
        let size = Self.size()
        let usesColour = ProcessInfo.processInfo.environment["NO_COLOR", default: ""].isEmpty
        // The cursor stands on the line below the frame.
        let view = DemonstrationView(width: size.columns, height: size.rows - 1, usesColour: usesColour)
        let lines = view.lines(meter.frame(demonstration.snapshot()))
        var text = "\r"
        // A terminal that changes its size wraps or moves what is there: nothing of it can be drawn over.
        if let drawnSize, drawnSize != size {
            text = "\u{1B}[H\u{1B}[2J"
            lineCount = 0
        }
        drawnSize = size
        if lineCount > 0 { text += "\u{1B}[\(min(lineCount, size.rows - 1))A" }
        // Each line is cleared behind its text, so that nothing flickers; then whatever a longer frame has left.
        for line in lines { text += line + "\u{1B}[K\n" }
        text += "\u{1B}[J"
        lineCount = lines.count
        write(text)
    }

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    private static func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 1 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
