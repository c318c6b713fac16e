import Diagnostics
import Events

/// What score records carry, and the lines to write where they do not carry enough.
struct ScoreFields {
    let output: OutputSpec
    /// Of all features.
    let names: [FeatureNameSpec]
    /// The scored one; `nil` where it could not be read.
    let source: SourceSpec?
    let faulty: FaultyNames
    /// `output`, as it was read.
    let section: SectionValue

    /// In the order in which they are carried.
    var features: [String] {
        switch output.features {
        case .none: []
        case .all: names.map(\.name)
        case .named(let names): names.map(\.value)
        }
    }

    func isFeature(_ name: String) -> Bool { names.contains { $0.name == name } }

    /// The carried field's type.
    func type(of name: String) -> FieldType? {
        output.fields.first { $0.name.value == name }.flatMap { source?.schema.fields[$0.index.rawValue].type }
    }

    /// Whether it is a declared field that a score may carry.
    func isField(_ name: String) -> Bool {
        source?.fields.contains { $0.name.value == name && !$0.isLabel } ?? false
    }

    func isLabel(_ name: String) -> Bool {
        source?.fields.contains { $0.name.value == name && $0.isLabel } ?? false
    }

    /// Whether nothing can be said of a name, since what declares or lists it was reported.
    func isFaulty(_ name: String) -> Bool {
        source == nil || section.isFaulty("features") || section.isFaulty("fields") || faulty.mayHold(name)
    }

    /// `features: [ratio, amount]`: what `output` would have to say to carry these, too.
    func line(addingFeatures added: [Located<String>]) -> String {
        guard case .named(let carried) = output.features else { return line("features", added) }
        return line("features", carried + added)
    }

    func line(addingFields added: [Located<String>]) -> String { line("fields", output.fields.map(\.name) + added) }

    private func line(_ key: String, _ names: [Located<String>]) -> String {
        let shownMax = 12
        let all = names.map(\.written)
        let shown = all.count > shownMax ? ["…"] + all.suffix(shownMax) : all
        return "write \("\(key): [\(shown.joined(separator: ", "))]".quoted) under \("output".quoted)"
    }
}
