import Foundation
import Monitoring

/// A page on disk: the old one stands until the new one is whole, so that who opens it always finds one.
enum ReportFile {
    static func write(_ report: MonitorReport, to path: String) throws {
        do {
            try Data(report.html.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw MonitorFailure("--report: \(path): it cannot be written: \(error.localizedDescription)")
        }
    }
}
