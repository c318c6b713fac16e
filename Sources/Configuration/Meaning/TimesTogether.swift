import Diagnostics
import Events
import Features

/// Spans of time that are right by themselves and not beside each other.
struct TimesTogether {
    private let plan: PipelinePlan

    init(_ plan: PipelinePlan) { self.plan = plan }

    var problems: [Diagnostic] { aheadOfLate + (start.map { [$0] } ?? []) }

    /// One event with a clock that is ahead moves the watermark; those that come in time behind it are then late.
    ///
    /// ```
    ///   an event in time           one that is ahead
    ///        │◀───────── ahead ─────────▶│
    ///   late?│             ◀─late.after─▶│
    /// ```
    private var aheadOfLate: [Diagnostic] {
        zip(plan.spec.sources, plan.sources).compactMap { spec, source in
            let late = source.late.afterMicroseconds
            guard spec.late.action != .score, source.available != .record,
                let ahead = source.schema.aheadMicroseconds, ahead > late
            else { return nil }
            let outcome = spec.late.action == .drop ? "dropped" : "dead letters"
            var notes: [Diagnostic.Note] = []
            if let range = spec.aheadRange { notes.append(.init("\("ahead".quoted) is here", at: range)) }
            return Diagnostic(
                .warning, code: "ahead-of-late",
                "events may be \(Self.text(ahead)) ahead of their records: after one that is, events in time are more than "
                    + "\(Self.text(late)) behind it, and \(outcome)",
                at: spec.lateRange ?? spec.name.range,
                suggestion: "write \"ahead: \(Self.text(late))\" or less, or a longer "
                    + "late.after".quoted, notes: notes)
        }
    }

    /// A group that begins so far back fills its windows with what comes since then.
    private var start: Diagnostic? {
        guard case .back(let span) = plan.spec.kafka.start, let range = plan.spec.kafka.startRange else { return nil }
        var reach: Int64 = 0
        var longest: SourceRange?
        for case .group(let group) in plan.spec.features {
            for length in group.over where !length.value.isUnbounded {
                let back = length.value.microseconds + (group.delay?.value.microseconds ?? 0)
                if back > reach { (reach, longest) = (back, length.range) }
            }
        }
        guard reach > span.microseconds else { return nil }
        return Diagnostic(
            .warning, code: "start-within-windows",
            "a new group reads \(span.text) back, and windows with their delay reach \(Self.text(reach)) back: its first scores "
                + "come from windows that are not whole",
            at: range, suggestion: "write \(Self.text(reach).quoted) or more, or \("earliest".quoted)",
            notes: longest.map { [.init("the window that reaches furthest is here", at: $0)] } ?? [])
    }

    /// In days rather than weeks: so windows are written.
    private static func text(_ microseconds: Int64) -> String {
        let day: Int64 = 86_400_000_000
        if microseconds > 0, microseconds % day == 0 { return "\(microseconds / day)d" }
        return UnitLiteral.text(microseconds, in: UnitLiteral.durations)
    }
}
