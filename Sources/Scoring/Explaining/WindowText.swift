import Engine
import Events
import Features

/// What a window held, as lines of text.
struct WindowText {
    let texts: FeatureTexts

    /// `30d by customer_id: (2018-03-31T10:00:00Z, 2018-04-30T10:00:00Z], 3 events`, then a line for each that is shown.
    ///
    /// - Parameter names: what an event of that source is called, where that is known.
    func lines(
        _ content: WindowContent, names: (_ source: String, _ event: WindowEvent) -> String? = { _, _ in nil }
    ) -> [String] {
        let head = "\(texts.lengths[content.entity][content.window]) by \(texts.keys[content.entity])"
        if !content.hasKey { return ["\(head): the event has no \(texts.keys[content.entity])"] }
        let span = "(\(Self.time(content.after)), \(Self.time(content.upTo))]"
        switch content.form {
        case .everything: return ["\(head): all that came before, up to \(Self.time(content.upTo)), as sums"]
        case .tiles(let count, let width):
            let noun = count == 1 ? "tile" : "tiles"
            // Tiles begin at whole instants.
            let covered = "[\(Self.time(content.after + 1)), \(Self.time(content.upTo))]"
            return ["\(head): \(covered), \(count) \(noun) of \(Self.duration(width)) with events"]
        case .events(let count, let shown):
            let noun = "event\(count == 1 ? "" : "s") of \(texts.sources[content.entity])"
            let own = texts.leavesOut[content.entity][content.window] ? ", itself left out" : ""
            var lines = ["\(head): \(span), \(count) \(noun)\(own)"]
            if count > shown.count, !shown.isEmpty { lines.append("  … \(count - shown.count) older") }
            lines += shown.map { event in
                line(event, of: content, name: names(texts.sources[content.entity], event))
            }
            return lines
        }
    }

    private func line(_ event: WindowEvent, of content: WindowContent, name: String?) -> String {
        let values = zip(columns(of: content), event.values).compactMap { name, value in
            name.map { "\($0)=\(Self.value(value))" }
        }
        let parts = [name, values.isEmpty ? nil : values.joined(separator: " ")].compactMap(\.self)
        let mark = event.isCurrent ? "*" : " "
        return "\(mark) \(Self.time(event.time))" + parts.map { "  \($0)" }.joined()
    }

    /// By value column, what it is called; `nil` for one that the window's features do not read.
    private func columns(of content: WindowContent) -> [String?] {
        texts.columns[content.entity].enumerated().map { index, name in
            texts.isRead(column: index, entity: content.entity, window: content.window) ? name : nil
        }
    }

    static func value(_ value: WindowValue) -> String {
        switch value {
        case .number(let number): CaseText.number(number)
        // Enough to tell texts apart.
        case .hash(let hash): "#" + String(hash & 0xFF_FFFF, radix: 16)
        case .missing: "-"
        }
    }

    static func time(_ microseconds: Int64) -> String {
        microseconds < EventTime.minimum.microseconds
            ? "the beginning" : TimeText.string(EventTime(microseconds: microseconds))
    }

    static func duration(_ microseconds: Int64) -> String {
        let units: [(Int64, String)] = [
            (86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"),
        ]
        for (size, name) in units where microseconds % size == 0 { return "\(microseconds / size)\(name)" }
        return "\(Double(microseconds) / 1_000_000)s"
    }
}
