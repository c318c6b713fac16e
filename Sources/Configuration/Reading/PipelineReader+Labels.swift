import Diagnostics
import Events

extension PipelineReader {
    /// `monitor.labels`; `nil` where a part of it was reported.
    func readLabels(
        _ labels: SectionValue, _ sources: [SourceSpec], _ watch: WatchReader, bucket: Int64
    ) -> MonitorSpec.Labels? {
        guard let name = labels.text("source"), let scored = sources.first,
            let index = labelSource(name, sources, hasPositive: labels.keyRanges["positive"] != nil)
        else { return nil }
        let join = joinField(labels, of: sources[index], to: scored)
        let positive = positiveField(labels, of: sources[index])
        let (within, window) = (labels.microsecondsOrStandard("within"), labels.microsecondsOrStandard("window"))
        checkWindow(labels, window: window, within: within, bucket: bucket)
        let card = labels.text("card").flatMap { watch.readCard($0) }
        guard let join, let positive else { return nil }
        return MonitorSpec.Labels(
            source: index, join: join, positive: positive, withinMicroseconds: within,
            pendingMax: Int(labels.integerOrStandard("pending_max")), windowMicroseconds: window, card: card,
            topic: labels.text("topic")?.value)
    }

    private func checkWindow(_ labels: SectionValue, window: Int64, within: Int64, bucket: Int64) {
        if window % bucket != 0 {
            let text = UnitLiteral.text(bucket, in: UnitLiteral.durations)
            problems.error(
                "invalid-bucket", "the window of labels is no multiple of the bucket, \(text)",
                at: labels.span("window")?.range ?? labels.range, suggestion: "choose a window that is, such as 1d")
        } else if within / window >= MonitorSpec.Labels.windowsMax {
            problems.error(
                "out-of-range",
                "labels may take so long that more than \(MonitorSpec.Labels.windowsMax) windows would wait for them",
                at: labels.span("window")?.range ?? labels.range, suggestion: "choose a longer window, such as 1d")
        }
    }

    /// The source's place: one that is not scored, and has a label.
    private func labelSource(_ name: Located<String>, _ sources: [SourceSpec], hasPositive: Bool) -> Int? {
        guard let index = sources.firstIndex(where: { $0.name.value == name.value }) else {
            if faulty.sources.contains(name.value) || faulty.areUnbounded { return nil }
            problems.error(
                "unknown-source", "source \(name.written.quoted) is not declared", at: name.range,
                suggestion: name.isFromEnvironment
                    ? nil : Suggestion.text(for: name.value, among: sources.dropFirst().map(\.name.written)))
            return nil
        }
        let note = Diagnostic.Note("declared here", at: sources[index].name.range)
        guard index > 0 else {
            problems.error(
                "wrong-source", "source \(name.written.quoted) is the one that is scored: labels come from another",
                at: name.range, suggestion: "name a source of labels", notes: [note])
            return nil
        }
        let mayHaveLabel = hasPositive || faulty.mayHoldFields(of: name.value)
        if !mayHaveLabel, !sources[index].fields.contains(where: \.isLabel) {
            problems.error(
                "wrong-source", "source \(name.written.quoted) has no label", at: name.range,
                suggestion: "mark the field that is one: {type: bool, label: true}", notes: [note])
            return nil
        }
        return index
    }

    private func joinField(
        _ labels: SectionValue, of source: SourceSpec, to scored: SourceSpec
    ) -> SourceSpec.FieldReference? {
        if labels.isFaulty("join") { return nil }
        guard let written = labels.text("join") ?? scored.id.map({ placed($0.name, in: labels) }) else { return nil }
        guard let index = place(of: written, in: source) else {
            if faulty.mayHold("\(source.name.value).\(written.value)") { return nil }
            if labels.keyRanges["join"] != nil {
                unknown(written, in: source) { $0 == .string || $0 == .int }
            } else {
                problems.error(
                    "missing-key",
                    "\("labels".quoted) has no \("join".quoted), and source \(source.name.written.quoted) no field "
                        + "\(written.written.quoted) as the scored one has", at: labels.range,
                    suggestion: "add \("join: FIELD".quoted), its field that holds the id of the event it is about")
            }
            return nil
        }
        let field = source.schema.fields[index]
        if field.isLabel || (field.type != .string && field.type != .int) {
            wrong(written, index, source, as: "the join", types: "string or int", isLabel: field.isLabel)
            return nil
        }
        return SourceSpec.FieldReference(name: written, index: FieldIndex(index))
    }

    private func positiveField(_ labels: SectionValue, of source: SourceSpec) -> SourceSpec.FieldReference? {
        if labels.isFaulty("positive") { return nil }
        let found = source.fields.filter(\.isLabel)
        guard
            let written = labels.text("positive")
                ?? (found.count == 1 ? found.first.map { placed($0.name, in: labels) } : nil)
        else {
            if found.count > 1 {
                let choices = found.map(\.name.written.quoted).joined(separator: ", ")
                problems.error(
                    "missing-key", "source \(source.name.written.quoted) has several labels", at: labels.range,
                    suggestion: "add \("positive: FIELD".quoted), one of \(choices)")
            }
            return nil
        }
        guard let index = place(of: written, in: source) else {
            if faulty.mayHold("\(source.name.value).\(written.value)") { return nil }
            unknown(written, in: source) { $0 == .bool || $0 == .int }
            return nil
        }
        let type = source.schema.fields[index].type
        if type != .bool && type != .int {
            wrong(written, index, source, as: "the label", types: "bool or int", isLabel: false)
            return nil
        }
        return SourceSpec.FieldReference(name: written, index: FieldIndex(index))
    }

    /// A name that was not written here: what is wrong with it is wrong with the section.
    private func placed(_ name: Located<String>, in labels: SectionValue) -> Located<String> {
        Located(name.value, at: labels.range, written: name.written, isFromEnvironment: name.isFromEnvironment)
    }

    private func place(of name: Located<String>, in source: SourceSpec) -> Int? {
        source.schema.fields.firstIndex { $0.name == name.value }
    }

    private func unknown(_ name: Located<String>, in source: SourceSpec, fits: (FieldType) -> Bool) {
        if problems.isFull { return }
        let choices = source.fields.filter { fits($0.type) }.map(\.name.written)
        problems.error(
            "unknown-field",
            "source \(source.name.written.quoted) has no field \(name.written.quoted)", at: name.range,
            suggestion: name.isFromEnvironment ? nil : Suggestion.text(for: name.value, among: choices))
    }

    private func wrong(
        _ name: Located<String>, _ index: Int, _ source: SourceSpec, as role: String, types: String, isLabel: Bool
    ) {
        let reason = isLabel ? "is a label" : "is \(source.schema.fields[index].type.phrase)"
        problems.error(
            "wrong-field", "field \(name.written.quoted) \(reason) and cannot be \(role)", at: name.range,
            suggestion: "choose a field of type \(types)",
            notes: [.init("declared here", at: source.fields[index].name.range)])
    }
}
