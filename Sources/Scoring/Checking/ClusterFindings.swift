import Configuration
public import Diagnostics
import Engine
import Events
import Features
public import Kafka

/// Holds what a cluster says against what a pipeline needs of it.
public struct ClusterFindings {
    private let assembly: PipelineAssembly
    private let facts: ClusterFacts

    public init(_ assembly: PipelineAssembly, _ facts: ClusterFacts) {
        self.assembly = assembly
        self.facts = facts
    }

    private var spec: PipelineSpec { assembly.spec }

    /// All that does not fit, by position. Complexity: O(topics x features).
    public var problems: [Diagnostic] {
        var found: [Diagnostic] = []
        for (index, topic) in facts.topics.enumerated() {
            found += missing(topic) + denied(topic) + partitions(of: topic) + compaction(of: topic)
            if topic.role == .source { found += retention(of: topic, source: index) }
            if topic.role == .deadLetters { found += room(of: topic) }
        }
        found += unknown
        return found.map(spec.redacted).sortedByPosition()
    }

    /// What there is to say where nobody answers.
    public static func unreachable(_ failure: KafkaFailure, of assembly: PipelineAssembly) -> Diagnostic {
        assembly.spec.redacted(
            Diagnostic(
                code: "cluster-unreachable", "the cluster gives no answer: \(failure)",
                at: assembly.spec.kafka.brokers.range,
                suggestion: "are the addresses and \("security.protocol".quoted) the cluster's own, and is it up?"))
    }

    // MARK: - Topics

    private func missing(_ topic: TopicFacts) -> [Diagnostic] {
        if topic.partitions != nil { return [] }
        let nearest = Suggestion.nearest(to: topic.name, among: facts.names.filter { !$0.hasPrefix("__") })
        let meant = nearest.map { "did you mean \($0.quoted)?" }
        if topic.role == .source {
            return [
                Diagnostic(
                    code: "missing-topic", "the cluster has no topic \(topic.name.quoted), or the user may not see it",
                    at: range(of: topic), suggestion: meant ?? "make it, or let the user describe it")
            ]
        }
        let maker = topic.role == .alerts ? "riffle monitor" : "riffle run"
        return [
            Diagnostic(
                .warning, code: "topic-to-make",
                "the cluster has no topic \(topic.name.quoted): \(maker.quoted) makes it as the brokers make topics by default",
                at: range(of: topic), suggestion: meant ?? "make it yourself to choose its replicas and retention")
        ]
    }

    private func denied(_ topic: TopicFacts) -> [Diagnostic] {
        guard let failure = topic.configuration.failure, topic.partitions != nil else { return [] }
        return [
            Diagnostic(
                .warning, code: "unknown-retention",
                "what topic \(topic.name.quoted) retains is not known: \(failure)", at: range(of: topic),
                suggestion: "let the user describe its configuration, to have this checked")
        ]
    }

    private func partitions(of topic: TopicFacts) -> [Diagnostic] {
        guard let count = topic.partitions, let input = facts.topics.first?.partitions else { return [] }
        if topic.role == .order, count != 1 {
            return [
                Diagnostic(
                    code: "order-partitions",
                    "topic \(topic.name.quoted) has \(count) partitions, and one order has one", at: range(of: topic),
                    suggestion: "name another under \("order.topic".quoted)")
            ]
        }
        guard topic.role == .scores, count != input else { return [] }
        return [
            Diagnostic(
                .warning, code: "partitions-differ",
                "topic \(topic.name.quoted) has \(count) partitions and \(facts.topics[0].name.quoted) \(input): who joins "
                    + "scores with events by partition finds them elsewhere",
                at: range(of: topic), suggestion: "give both as many, where somebody joins them")
        ]
    }

    /// It removes what has a key again, and everything here has one.
    private func compaction(of topic: TopicFacts) -> [Diagnostic] {
        guard topic.isCompacted, topic.role != .alerts else { return [] }
        let loss =
            switch topic.role {
            case .source: "a restart without a snapshot would rebuild windows without the earlier events of a key"
            case .order: "the order that was taken could not be followed"
            case .scores, .alerts: "of the scores of a key only the last stays"
            case .deadLetters: "letters would go before anyone has read them"
            }
        return [
            Diagnostic(
                .warning, code: "compacted-topic", "topic \(topic.name.quoted) is compacted: \(loss)",
                at: range(of: topic), suggestion: "set cleanup.policy=delete")
        ]
    }

    private func room(of topic: TopicFacts) -> [Diagnostic] {
        // What stands in headers beside the event, generously.
        let headers = 4_096
        let needed = spec.limits.eventBytesMax + headers
        guard let most = topic.configuration.batchBytesMax, most < needed else { return [] }
        return [
            Diagnostic(
                .warning, code: "small-dead-letters",
                "topic \(topic.name.quoted) takes records of \(most) bytes, and events may have \(spec.limits.eventBytesMax): "
                    + "the letter of a larger one would come without it",
                at: range(of: topic), suggestion: "set max.message.bytes=\(needed) or more")
        ]
    }

    private var unknown: [Diagnostic] {
        var found: [Diagnostic] = []
        if let failure = facts.configurationFailure {
            found.append(
                Diagnostic(
                    .warning, code: "unknown-retention", "what the topics retain is not known: \(failure)",
                    at: spec.kafka.brokers.range, suggestion: "retention, compaction and record sizes are not checked"))
        }
        if let failure = facts.group.failure {
            found.append(
                Diagnostic(
                    .warning, code: "unknown-group",
                    "what group \(spec.kafka.group.quoted) has read is not known: \(failure)",
                    at: spec.kafka.brokers.range,
                    suggestion: "the user needs the right to read with this group (docs/SECURITY.md)"))
        }
        return found
    }

    // MARK: - Retention

    /// A rebuild without a snapshot reads the log as far back as windows reach.
    private func retention(of topic: TopicFacts, source: Int) -> [Diagnostic] {
        let plan = assembly.scoring.features
        let ahead = assembly.scoring.sources[source].schema.aheadMicroseconds ?? 0
        let kept = topic.retentionMilliseconds.map { $0.multipliedReportingOverflow(by: 1_000) }
        let keptMicroseconds = kept.map { $0.overflow ? Int64.max : $0.partialValue }
        var lacking: [String] = []
        var unbounded: [String] = []
        var furthest: Int64 = 0
        for entity in plan.entities where entity.source == source {
            for aggregate in entity.aggregates {
                let window = entity.windows[aggregate.window]
                let name = plan.names[aggregate.feature.rawValue]
                if window.isUnbounded {
                    unbounded.append(name)
                    continue
                }
                let reach = window.lengthMicroseconds + window.delayMicroseconds + entity.lateMicroseconds + ahead
                furthest = max(furthest, reach)
                if let keptMicroseconds, reach > keptMicroseconds { lacking.append(name) }
            }
        }
        guard let keptMicroseconds else { return [] }
        var found: [Diagnostic] = []
        let snapshots = spec.state.directory == nil ? ", or keep snapshots (\("state.directory".quoted))" : ""
        if !lacking.isEmpty {
            found.append(
                Diagnostic(
                    .warning, code: "short-retention",
                    "topic \(topic.name.quoted) retains \(Self.days(keptMicroseconds)), and windows reach "
                        + "\(Self.days(furthest)) back: after a restart without a snapshot \(Self.list(lacking)) would not be whole",
                    at: range(of: topic),
                    suggestion: "set retention.ms=\((furthest + 999) / 1_000) or more" + snapshots))
        }
        if !unbounded.isEmpty && spec.state.directory == nil {
            found.append(
                Diagnostic(
                    .warning, code: "short-retention",
                    "topic \(topic.name.quoted) retains \(Self.days(keptMicroseconds)), and \(Self.list(unbounded)) depend on all "
                        + "events since the beginning",
                    at: range(of: topic),
                    suggestion: "keep snapshots (\("state.directory".quoted)), or set retention.ms=-1"))
        }
        if topic.retentionBytes != nil, !found.isEmpty {
            found[0].notes.append(.init("retention.bytes of the topic may remove events earlier still"))
        }
        return found
    }

    // MARK: - Places and words

    /// Where the file names the topic; `nil` where its name is made of the pipeline's.
    private func range(of topic: TopicFacts) -> SourceRange? {
        switch topic.role {
        case .source: spec.sources.first { $0.topic.value == topic.name }?.topic.range
        case .scores: spec.output.topic.range
        case .deadLetters: spec.deadLetter.topic.range
        case .alerts: spec.monitor?.topic.range
        case .order: spec.name.range
        }
    }

    private static func list(_ names: [String]) -> String {
        let shownMax = 5
        let shown = names.prefix(shownMax).joined(separator: ", ")
        return names.count > shownMax ? "\(shown) and \(names.count - shownMax) more" : shown
    }

    private static func days(_ microseconds: Int64) -> String {
        let hours = Double(microseconds) / 3_600_000_000
        func rounded(_ value: Double) -> String {
            let text = "\((value * 100).rounded() / 100)"
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        return hours >= 48 ? "\(rounded(hours / 24)) days" : "\(rounded(hours)) hours"
    }
}
