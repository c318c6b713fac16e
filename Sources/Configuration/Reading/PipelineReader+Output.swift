import Diagnostics
import Events

extension PipelineReader {
    /// - Parameter source: the scored one, whose fields a score may carry; `nil` where it could not be read.
    func readOutput(names: [FeatureNameSpec], of source: SourceSpec?) -> OutputSpec {
        let output = section("output")
        var features = OutputSpec.Features.none
        if output.text("features")?.value == "all" { features = .all }
        if let named = output.texts("features") {
            checkNames(named, names: names)
            features = .named(named)
        }
        return OutputSpec(
            topic: output.text("topic") ?? absent(output), features: features,
            fields: readFields(output.texts("fields") ?? [], of: source))
    }

    /// The fields that a score carries: each is one of the scored source, known when it is scored, and given once.
    private func readFields(_ written: [Located<String>], of source: SourceSpec?) -> [SourceSpec.FieldReference] {
        guard let source else { return [] }
        var first: [String: SourceRange] = [:]
        return written.compactMap { name in
            if let earlier = first[name.value] {
                problems.error(
                    "duplicate-name", "field \(name.written.quoted) is named twice", at: name.range,
                    suggestion: "keep one of them", notes: [.init("first named here", at: earlier)])
                return nil
            }
            first[name.value] = name.range
            return field(name, of: source)
        }
    }

    private func field(_ name: Located<String>, of source: SourceSpec) -> SourceSpec.FieldReference? {
        guard let index = source.schema.fields.firstIndex(where: { $0.name == name.value }) else {
            if problems.isFull || faulty.mayHold(name.value) { return nil }
            let choices = source.fields.filter { !$0.isLabel }.map(\.name.written)
            problems.error(
                "unknown-field", "field \(name.written.quoted) is not declared", at: name.range,
                suggestion: name.isFromEnvironment ? nil : Suggestion.text(for: name.value, among: choices))
            return nil
        }
        if source.fields[index].isLabel {
            problems.error(
                "wrong-field",
                "field \(name.written.quoted) is a label, which is not known when an event is scored",
                at: name.range, suggestion: "remove it",
                notes: [.init("declared here", at: source.fields[index].name.range)])
            return nil
        }
        return SourceSpec.FieldReference(name: name, index: FieldIndex(index))
    }
}
