import Events
import Foundation

/// Lays a demonstration out for a terminal: a pure function from a frame to lines.
public struct DemonstrationView: Sendable {
    public let width: Int
    public let height: Int
    public let usesColour: Bool

    private static let labelColumns = 11
    private static let countColumns = 11
    /// Bars longer than this say no more.
    private static let barColumnsMax = 60
    private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// - Parameters:
    ///   - width: columns; longer lines are cut.
    ///   - height: lines; the last are left out where there is no room.
    public init(width: Int, height: Int = .max, usesColour: Bool = false) {
        self.width = max(20, width)
        self.height = max(1, height)
        self.usesColour = usesColour
    }

    /// The lines of a frame, none wider than the terminal. Their number is the same in all frames of one phase.
    public func lines(_ frame: DemonstrationFrame) -> [String] {
        var lines = [title(frame), StyledLine(), rates(frame), latency(frame.snapshot), StyledLine()]
        lines += bins(frame.snapshot)
        lines.append(StyledLine())
        lines += decisions(frame.snapshot)
        if let known = frame.snapshot.labels { lines.append(labels(known)) }
        lines += [trend(frame), deadLetters(frame.snapshot), waits(frame.snapshot), StyledLine()]
        if let status = frame.snapshot.drift { lines += drift(status) + [StyledLine()] }
        lines += footer(frame.snapshot)
        return lines.prefix(height).map { $0.rendered(width: width, usesColour: usesColour) }
    }

    func label(_ text: String) -> StyledLine {
        var line = StyledLine()
        line.add(text, columns: Self.labelColumns, .dim)
        return line
    }

    private func title(_ frame: DemonstrationFrame) -> StyledLine {
        let snapshot = frame.snapshot
        var line = StyledLine()
        line.add("riffle demo", .bold)
        line.add("  \(snapshot.pipeline)  ")
        switch snapshot.phase {
        case .starting: line.add("starting: the pipeline joins its group, about 3 s", .yellow)
        case .warmingUp(let share):
            let filled = min(20, max(0, Int(share * 20)))
            line.add("warming up on history ", .yellow)
            line.add(String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled), .yellow)
            line.add(" \(Int(share * 100)) %", .yellow)
        case .live: line.add("live", .green)
        case .stopping: line.add("stopping: what was sent is finished first", .yellow)
        }
        line.add("  \(NumberStyle.elapsed(snapshot.nanoseconds))", .dim)
        return line
    }

    private func rates(_ frame: DemonstrationFrame) -> StyledLine {
        let snapshot = frame.snapshot
        var line = label("events")
        line.add("\(NumberStyle.decimal(frame.eventsPerSecond, places: 0))/s", .bold)
        line.add("   \(NumberStyle.grouped(snapshot.scored)) scored   lag \(NumberStyle.grouped(snapshot.lag))")
        if let time = snapshot.eventTime { line.add("   at \(TimeText.string(time).prefix(16))", .dim) }
        return line
    }

    private func latency(_ snapshot: DemonstrationSnapshot) -> StyledLine {
        var line = label("latency")
        guard let latency = snapshot.latency else {
            line.add("measured once it is live", .dim)
            return line
        }
        line.add("p50 \(NumberStyle.milliseconds(latency.p50))")
        line.add("   p95 \(NumberStyle.milliseconds(latency.p95))")
        line.add("   p99 \(NumberStyle.milliseconds(latency.p99))")
        line.add("   intended send to score computed", .dim)
        return line
    }

    private func bins(_ snapshot: DemonstrationSnapshot) -> [StyledLine] {
        let most = snapshot.bins.max() ?? 0
        let room = min(Self.barColumnsMax, width - Self.labelColumns - 9 - Self.countColumns)
        return snapshot.bins.enumerated().map { index, count in
            var line = label(index == 0 ? "score" : index == 1 ? "log scale" : "")
            line.add("\(decimalTenth(index))-\(decimalTenth(index + 1))  ")
            line.add(bar(count, of: most, columns: room), index >= 9 ? .red : index >= 5 ? .yellow : .cyan)
            line.pad(to: Self.labelColumns + 9 + max(0, room))
            line.add(NumberStyle.grouped(count), columns: Self.countColumns, trailing: true)
            return line
        }
    }

    private func decimalTenth(_ tenths: Int) -> String { "\(tenths / 10).\(tenths % 10)" }

    /// A bar on a logarithmic scale: most scores are near 0, and those that are not are what one looks for.
    private func bar(_ count: Int, of most: Int, columns: Int) -> String {
        if count == 0 || columns <= 0 { return "" }
        let length = Double(columns) * log(1 + Double(count)) / log(1 + Double(most))
        return String(repeating: "█", count: min(columns, max(1, Int(length.rounded()))))
    }

    private func decisions(_ snapshot: DemonstrationSnapshot) -> [StyledLine] {
        let all = snapshot.decisions.reduce(0) { $0 + $1.events }
        let last = snapshot.decisions.count - 1
        let nameColumns = min(24, snapshot.decisions.map(\.name.count).max() ?? 0) + 2
        return snapshot.decisions.enumerated().map { index, decision in
            var line = label(index == 0 ? "decisions" : "")
            let style: StyledLine.Style = index == last ? .green : index == 0 ? .red : .yellow
            line.add(decision.name, columns: nameColumns, style)
            line.add(NumberStyle.grouped(decision.events), columns: Self.countColumns, trailing: true)
            line.add(NumberStyle.share(decision.events, of: all), columns: 9, trailing: true)
            if snapshot.hasLabels && decision.labelled > 0 {
                let whom = snapshot.labels == nil ? "them" : "\(NumberStyle.grouped(decision.labelled)) labelled"
                line.add("   \(NumberStyle.share(decision.frauds, of: decision.labelled)) of \(whom) fraud", .dim)
            }
            return line
        }
    }

    private func trend(_ frame: DemonstrationFrame) -> StyledLine {
        var line = label("flagged")
        let room = max(1, min(DemonstrationMeter.trendCount, width - Self.labelColumns - 18))
        let shares = frame.flaggedShares.suffix(room)
        guard let newest = shares.last, let most = shares.max() else {
            line.add("the share a second, once it is live", .dim)
            return line
        }
        let text = shares.map { share in
            let level = most > 0 ? Int((share / most * Double(Self.levels.count - 1)).rounded()) : 0
            return Self.levels[min(Self.levels.count - 1, max(0, level))]
        }
        line.add(String(text), .yellow)
        line.add("  \(NumberStyle.decimal(newest * 100, places: 1)) % now")
        return line
    }

    private func labels(_ labels: LabelCount) -> StyledLine {
        var line = label("labels")
        guard let time = labels.eventTime else {
            line.add("none is known yet", .dim)
            return line
        }
        line.add("\(NumberStyle.grouped(labels.known)) known")
        line.add("   \(NumberStyle.share(labels.frauds, of: labels.known)) fraud")
        line.add("   of payments up to \(TimeText.string(time).prefix(16))", .dim)
        return line
    }

    private func waits(_ snapshot: DemonstrationSnapshot) -> StyledLine {
        var line = label("merge")
        line.add(snapshot.waits.isEmpty ? "nothing is waited for long" : snapshot.waits.joined(separator: "; "), .dim)
        return line
    }

    private func deadLetters(_ snapshot: DemonstrationSnapshot) -> StyledLine {
        var line = label("dead")
        line.add(NumberStyle.grouped(snapshot.deadLettered), snapshot.deadLettered > 0 ? .red : .plain)
        let reasons = snapshot.faults.map { "\($0.name) \(NumberStyle.grouped($0.events))" }.joined(separator: ", ")
        line.add(reasons.isEmpty ? " dead letters" : " dead letters: \(reasons)")
        return line
    }

    private func footer(_ snapshot: DemonstrationSnapshot) -> [StyledLine] {
        var join = label("kafka")
        join.add(snapshot.address, .bold)
        join.add("   kcat -C -b \(snapshot.address) -t \(snapshot.scoreTopic) -o end", .dim)
        var end = StyledLine()
        end.add("Ctrl-C ends it in order", .dim)
        return [join, end]
    }

    /// One line for a log or a pipe.
    public static func line(_ frame: DemonstrationFrame) -> String {
        let snapshot = frame.snapshot
        var parts = ["\(NumberStyle.elapsed(snapshot.nanoseconds))"]
        switch snapshot.phase {
        case .starting: parts.append("starting")
        case .warmingUp(let share): parts.append("warming up \(Int(share * 100)) %")
        case .live: parts.append("live")
        case .stopping: parts.append("stopping")
        }
        parts.append("\(NumberStyle.decimal(frame.eventsPerSecond, places: 0)) events/s")
        parts.append("\(NumberStyle.grouped(snapshot.scored)) scored")
        if let labels = snapshot.labels { parts.append("\(NumberStyle.grouped(labels.known)) labels") }
        if let latency = snapshot.latency {
            parts.append("p50 \(NumberStyle.milliseconds(latency.p50)) p99 \(NumberStyle.milliseconds(latency.p99))")
        }
        let (flagged, all) = snapshot.flagged
        parts.append("flagged \(NumberStyle.share(flagged, of: all))")
        parts.append("\(NumberStyle.grouped(snapshot.deadLettered)) dead letters")
        if let drift = snapshot.drift, drift.phase == .watching {
            parts.append("\(drift.openCount) of \(drift.alerts.count) alerts open")
        }
        return parts.joined(separator: "  ")
    }
}
