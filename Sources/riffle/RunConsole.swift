import Configuration
import Console
import Engine
import Events
import Features
import Monitoring
import Scoring
import Synchronization

/// What a running pipeline answers to its console.
final class RunConsole: ConsolePort {
    private let assembly: PipelineAssembly
    private let service: RunService
    private let figures: LiveFigures
    private let drift: @Sendable () -> LiveSample.Drift
    /// What the process is doing, where it does more than to score.
    private let phase: @Sendable () -> String?
    /// The last seconds' figures, the oldest first: rates and percentiles are of the span since then.
    private let earlier = Mutex<[LiveFiguresSnapshot]>([])
    private static let spanSamples = 10

    init(
        _ assembly: PipelineAssembly, _ service: RunService, _ figures: LiveFigures,
        drift: @escaping @Sendable () -> LiveSample.Drift = RunConsole.noMonitor,
        phase: @escaping @Sendable () -> String? = { nil }
    ) {
        self.assembly = assembly
        self.service = service
        self.figures = figures
        self.drift = drift
        self.phase = phase
    }

    static let noMonitor: @Sendable () -> LiveSample.Drift = {
        LiveSample.Drift(
            text: "The pipeline has no \"monitor\" section: nothing is watched.", isWatched: false)
    }

    /// What the drift topic says, which another process writes.
    static func drift(_ follower: AlertFollower, topic: String) -> LiveSample.Drift {
        let (board, standing) = follower.current
        let text =
            switch standing {
            case .connecting: "Topic \"\(topic)\" is being looked for."
            case .noTopic:
                "There is no topic \"\(topic)\" yet: start \"riffle monitor\" beside this process, which makes it."
            case .following: "What \"riffle monitor\" has told on topic \"\(topic)\"."
            case .failed(let reason): "Topic \"\(topic)\" cannot be read: \(reason)."
            }
        return LiveSample.Drift(
            text: text, isWatched: standing == .following,
            alerts: board.alerts.map { alert in
                LiveSample.Alert(
                    series: alert.series, text: alert.text, since: TimeText.string(alert.since),
                    until: alert.until.map { TimeText.string($0) })
            })
    }

    func readiness() -> Readiness { readiness(figures.snapshot()) }

    private func readiness(_ snapshot: LiveFiguresSnapshot) -> Readiness {
        var reasons: [Readiness.Reason] = []
        func add(_ code: String, _ text: String) { reasons.append(Readiness.Reason(code: code, text: text)) }
        if snapshot.isOver { add("stopping", "the run is ending") }
        if service.metrics.brokersUp == 0 { add("broker-away", "no broker answers") }
        if let (done, total) = snapshot.restoring {
            add("restoring", "windows are being rebuilt: \(done) of \(total) offsets are read")
        } else if snapshot.lanes.isEmpty {
            add("no-partitions", "the group has given this instance no partitions")
        }
        return Readiness(reasons: reasons)
    }

    func metricsText() -> String { service.metrics.text() }

    func pipeline() -> JSONContent {
        let (spec, plan) = (assembly.spec, assembly.scoring)
        let models = service.models
        return [
            "pipeline": .string(plan.pipeline), "plan": .string(models.planHash), "version": .string(models.version),
            "delivery": .string(spec.kafka.delivery.rawValue), "group": .string(spec.kafka.group),
            "sources": .array(plan.sources.map { ["name": .string($0.name), "topic": .string($0.topic)] }),
            "entities": .array(plan.entityNames.map { .string($0) }),
            "features": .array(plan.features.names.map { .string($0) }),
            "models": .array(
                models.models.map { ["name": .string($0.name), "version": .string($0.version)] }),
            "decisions": .array(plan.rules.map { .string($0.decision) }),
            "output": [
                "scores": .string(spec.output.topic.value), "dead_letters": .string(spec.deadLetter.topic.value),
            ],
        ]
    }

    func events() -> EventSchema { assembly.scoring.sources[0].schema }

    func sample() -> LiveSample {
        let now = figures.snapshot()
        let before = earlier.withLock { earlier in
            defer {
                earlier.append(now)
                if earlier.count > Self.spanSamples { earlier.removeFirst() }
            }
            return earlier.first
        }
        var sample = LiveSample()
        sample.pipeline = assembly.scoring.pipeline
        sample.readiness = readiness(now)
        sample.phase = phase() ?? (sample.readiness.isReady ? "running" : "not ready")
        sample.seconds = Double(now.nanoseconds) / 1e9
        (sample.consumed, sample.scored, sample.late) = (now.consumed, now.scored, now.late)
        sample.deadLetters = now.deadLetters.map { LiveSample.Count($0.name, $0.count) }
        sample.deadLettered = now.deadLetters.reduce(0) { $0 + $1.count }
        sample.eventTime = now.eventTime.map { TimeText.string($0) }
        sample.lanes = now.lanes.map {
            LiveSample.Lane(topic: $0.topic, partition: Int($0.partition), lag: $0.lag, inFlight: $0.inFlight)
        }
        sample.scores = LiveSample.Distribution(
            edges: figures.bins.edges, counts: now.bins, reference: now.reference)
        sample.decisions = now.decisions.map { LiveSample.Count($0.name, $0.count) }
        sample.drift = drift()
        guard let before, now.nanoseconds > before.nanoseconds else { return sample }
        sample.eventsPerSecond =
            Double(now.scored - before.scored) / (Double(now.nanoseconds - before.nanoseconds) / 1e9)
        if let values = now.latencies([0.5, 0.95, 0.99], since: before) {
            sample.latency = LiveSample.Latency(p50: values[0], p95: values[1], p99: values[2])
        }
        return sample
    }

    func ask(_ question: EngineQuestion) async -> EngineAnswer {
        let asked: StateQuestion =
            switch question {
            case .score(let event): .score(event: event)
            case .explain(let event): .explain(event: event)
            case .features(let entity, let key): .features(entity: entity, key: key)
            }
        func refused(_ kind: EngineAnswer.Refusal.Kind, _ code: String, _ text: String) -> EngineAnswer {
            .refused(EngineAnswer.Refusal(kind, code: code, text: text))
        }
        switch await service.ask(asked) {
        case .answer(let text): return .answer(text)
        case .unsound(let code, let text): return refused(.event, code, text)
        case .unknown(let text): return refused(.unknown, "unknown", text)
        case .busy(let text): return refused(.busy, "not-now", text)
        case .abandoned: return refused(.timedOut, "timed-out", "the engine gave no answer in time")
        }
    }
}
