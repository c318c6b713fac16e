import Configuration
import Console
import Diagnostics
import Engine
import Scoring

/// What `riffle check --format json` prints: `schemas/check.v1.schema.json`.
struct CheckReport {
    let file: PipelineFile
    /// `nil` where the file has an error.
    let assembly: PipelineAssembly?
    /// `nil` where no cluster was asked, or none has answered.
    let cluster: ClusterFacts?

    var content: JSONContent {
        var members: [JSONContent.Member] = [
            .init("ok", .bool(assembly != nil)), .init("file", .string(file.path)),
            .init("pipeline", (file.spec?.name.value).map { .string($0) } ?? .null),
            .init("plan", (assembly?.scoring.models.planHash).map { .string($0) } ?? .null),
            .init("errors", .integer(count(.error))), .init("warnings", .integer(count(.warning))),
            .init("diagnostics", .array(found.map { Self.content($0.diagnostic, in: $0.path) })),
        ]
        if let assembly { members.append(.init("summary", CheckSummary(assembly).content)) }
        if let cluster { members.append(.init("cluster", Self.content(cluster))) }
        return .object(members)
    }

    private static func content(_ facts: ClusterFacts) -> JSONContent {
        let topics = facts.topics.map { topic -> JSONContent in
            [
                "name": .string(topic.name), "role": .string(topic.role.rawValue),
                "partitions": topic.partitions.map { .integer(Int64($0)) } ?? .null,
            ]
        }
        return [
            "brokers": .string(facts.brokers), "topics": .array(topics),
            "lag": facts.group.lag.map { .integer($0) } ?? .null,
        ]
    }

    /// By file, and in each by position.
    private var found: [(diagnostic: Diagnostic, path: String)] {
        let own = file.diagnostics.sortedByPosition().map { ($0, file.path) }
        guard let properties = file.propertyFile else { return own }
        return own + properties.diagnostics.sortedByPosition().map { ($0, properties.source.path) }
    }

    private func count(_ severity: Diagnostic.Severity) -> Int64 {
        Int64(found.count { $0.diagnostic.severity == severity })
    }

    private static func content(_ diagnostic: Diagnostic, in path: String) -> JSONContent {
        var members: [JSONContent.Member] = [
            .init("severity", .string(diagnostic.severity.rawValue)), .init("code", .string(diagnostic.code)),
            .init("message", .string(diagnostic.message)), .init("file", .string(path)),
        ]
        members += place(diagnostic.range)
        if let suggestion = diagnostic.suggestion { members.append(.init("suggestion", .string(suggestion))) }
        if !diagnostic.notes.isEmpty {
            let notes = diagnostic.notes.map {
                JSONContent.object([.init("message", .string($0.message))] + place($0.range))
            }
            members.append(.init("notes", .array(notes)))
        }
        return .object(members)
    }

    /// Nothing where no place is to blame.
    private static func place(_ range: SourceRange?) -> [JSONContent.Member] {
        guard let range else { return [] }
        return [
            .init("line", .integer(Int64(range.start.line))), .init("column", .integer(Int64(range.start.column))),
            .init("end_column", .integer(Int64(range.start.column + range.length))),
        ]
    }
}
