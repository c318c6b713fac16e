import Configuration
import Console
import Events
import Logging
import Scoring

/// The console of a demonstration: as that of a run, and its monitor is in the same process.
enum DemoConsole {
    private static let standard = ListenAddress(host: "127.0.0.1", port: 8_080)

    /// - Parameter address: `nil`: the standard one, or any free port where that is taken.
    static func start(
        _ address: ListenAddress?, _ assembly: PipelineAssembly, _ demonstration: Demonstration, _ figures: LiveFigures,
        _ logger: Logger
    ) throws -> ConsoleServer {
        let port = RunConsole(
            assembly, demonstration.service, figures, drift: { drift(demonstration) }, phase: { phase(demonstration) })
        func settings(_ address: ListenAddress) throws -> ConsoleSettings {
            try HTTPOption.settings(
                address, command: "demo", eventBytesMax: assembly.spec.limits.eventBytesMax)
        }
        if address == nil {
            let settings = try settings(standard)
            if let server = try? ConsoleServer(settings, port: port, logger: logger) { return server }
        }
        return try HTTPOption.start(
            try settings(address ?? ListenAddress(host: standard.host, port: 0)), command: "demo", port: port,
            logger: logger)
    }

    private static func phase(_ demonstration: Demonstration) -> String? {
        switch demonstration.snapshot().phase {
        case .starting: "joining the group"
        case .warmingUp(let share): "warming up on history, \(Int(share * 100)) %"
        case .live: nil
        case .stopping: "stopping"
        }
    }

    private static func drift(_ demonstration: Demonstration) -> LiveSample.Drift {
        guard let status = demonstration.snapshot().drift else {
            return LiveSample.Drift(
                text: "The pipeline has no \"monitor\" section: nothing is watched.", isWatched: false)
        }
        if status.phase == .preparing {
            return LiveSample.Drift(
                text: "The monitor makes its reference of the history; it watches what comes behind it.",
                isWatched: false)
        }
        var text =
            "The monitor watches \(status.seriesCount) series, with one false alarm in "
            + "\(Int(status.eventsPerFalseAlarm)) events on average."
        if let planted = status.planted { text += " Planted for it to find: \(planted)." }
        return LiveSample.Drift(
            text: text, isWatched: true,
            alerts: status.alerts.map { alert in
                LiveSample.Alert(
                    series: alert.series, text: alert.text, since: TimeText.string(alert.since),
                    until: alert.until.map { TimeText.string($0) })
            })
    }
}
