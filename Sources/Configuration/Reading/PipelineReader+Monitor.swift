import Diagnostics

extension PipelineReader {
    /// `monitor`, held against what scores carry; whether its reference is there is for whoever needs it.
    ///
    /// - Parameter names: of all features.
    func readMonitor(_ output: OutputSpec, names: [FeatureNameSpec], sources: [SourceSpec]) -> MonitorSpec? {
        guard let monitor = root.section("monitor"), let topic = monitor.text("topic"),
            let reference = monitor.text("reference")
        else { return nil }
        let scoreFields = ScoreFields(
            output: output, names: names, source: sources.first, faulty: faulty, section: section("output"))
        let watch = WatchReader(
            monitor: monitor, carried: scoreFields, problems: problems,
            hasScore: root.keyRanges["model"] != nil || root.keyRanges["models"] != nil,
            hasDecisions: root.keyRanges["decide"] != nil)
        let times = readTimes(monitor)
        return MonitorSpec(
            topic: topic, closingsTopic: closingsTopic()?.value ?? "", reference: reference,
            referencePath: resolved(reference.value), eventsPerFalseAlarm: Double(readBudget(monitor).events),
            watch: watch.readWatch(), segments: watch.readSegments(),
            segmentValuesMax: Int(monitor.integerOrStandard("segment_values_max")), bucketMicroseconds: times.bucket,
            lateMicroseconds: monitor.microsecondsOrStandard("late"),
            idleAfterMicroseconds: monitor.microsecondsOrStandard("idle_after"), windowMicroseconds: times.window,
            labels: monitor.section("labels").flatMap { readLabels($0, sources, watch, bucket: times.bucket) },
            resolveAfterEvents: Int(monitor.integerOrStandard("resolve_after")),
            cooldownMicroseconds: monitor.microsecondsOrStandard("cooldown"), tolerance: readTolerance(monitor),
            freshnessMicroseconds: monitor.span("freshness")?.value.microseconds,
            lagMicroseconds: monitor.span("lag")?.value.microseconds, rate: readRate(monitor.section("rate")),
            runbookURL: monitor.text("runbook_url")?.value)
    }

    /// Where closings are recorded; `nil`: there is no monitor. A name of our own making stands where the topic's does.
    func closingsTopic() -> Located<String>? {
        guard let monitor = root.section("monitor") else { return nil }
        if let written = monitor.text("closings") { return written }
        guard let topic = monitor.text("topic"), monitor.keyRanges["closings"] == nil else { return nil }
        let suffix = ".closings"
        return Located(
            topic.value + suffix, at: topic.range, written: topic.written + suffix,
            isFromEnvironment: topic.isFromEnvironment)
    }

    /// The topic of closings is given a name that Kafka takes, even where it is of our own making.
    func checkClosingsTopic() {
        guard let topic = closingsTopic(), root.section("monitor")?.keyRanges["closings"] == nil,
            !NameRule.topic.allows(topic.value)
        else { return }
        problems.error(
            "invalid-topic", "\(topic.written.quoted), where closings are recorded, is too long for a topic",
            at: topic.range, suggestion: "name another one under \("closings".quoted)")
    }

    // MARK: - Values

    private func readBudget(_ monitor: SectionValue) -> FalseAlarmBudget {
        let written = monitor.text("false_alarms")
        let value = written?.value ?? FalseAlarmBudget.standard
        do throws(FalseAlarmBudget.Failure) {
            return try FalseAlarmBudget(value)
        } catch {
            guard let written else { preconditionFailure("the standard budget is none: \(error)") }
            report(error, written)
            return FalseAlarmBudget.byDefault
        }
    }

    private func report(_ failure: FalseAlarmBudget.Failure, _ written: Located<String>) {
        let code = failure == .outOfRange ? "out-of-range" : "invalid-budget"
        switch failure {
        case .outOfRange:
            let bounds = [FalseAlarmBudget.range.lowerBound, FalseAlarmBudget.range.upperBound].map(NumberLiteral.text)
            problems.error(
                code, "\("false_alarms".quoted) cannot be \(written.written.quoted)", at: written.range,
                suggestion: "allowed: 1 per \(bounds[0]) events to 1 per \(bounds[1]) events")
        case .several(let events):
            problems.error(
                code, "\(written.written.quoted) is not a budget of one false alarm", at: written.range,
                suggestion: written.isFromEnvironment
                    ? "write \(FalseAlarmBudget.standard.quoted)"
                    : "write \("1 per \(NumberLiteral.text(events)) events".quoted)")
        case .notABudget:
            problems.error(
                code, "\(written.written.quoted) is not a budget of false alarms", at: written.range,
                suggestion: "write 1 per N events, such as \(FalseAlarmBudget.standard.quoted)")
        }
    }

    private func readTolerance(_ monitor: SectionValue) -> Double {
        let standard = 1.25
        guard let written = monitor.text("tolerance") else { return standard }
        guard let value = try? NumberLiteral.double(written.value) else {
            problems.error(
                "invalid-number", "\(written.written.quoted) is not a number", at: written.range,
                suggestion: "write an odds ratio, such as \(standard)")
            return standard
        }
        if (1...100).contains(value) { return value }
        problems.error(
            "out-of-range", "\("tolerance".quoted) cannot be \(written.written.quoted)", at: written.range,
            suggestion: "allowed: 1 to 100")
        return standard
    }

    private func readTimes(_ monitor: SectionValue) -> (bucket: Int64, window: Int64) {
        let bucket = monitor.microsecondsOrStandard("bucket")
        let window = monitor.microsecondsOrStandard("window")
        if let written = monitor.span("bucket"), PipelineSyntax.hour % bucket != 0 {
            problems.error(
                "invalid-bucket", "a bucket of \(written.written) does not divide an hour", at: written.range,
                suggestion: "choose one that does, such as 1m, 5m or 15m")
        } else if window % bucket != 0, let written = monitor.span("window") ?? monitor.span("bucket") {
            let text = UnitLiteral.text(bucket, in: UnitLiteral.durations)
            problems.error(
                "invalid-bucket", "the window is no multiple of the bucket, \(text)", at: written.range,
                suggestion: "choose a window that is, such as 1h")
        }
        return (bucket, window)
    }

    private func readRate(_ rate: SectionValue?) -> MonitorSpec.Rate {
        func bound(_ key: String) -> EventRate? {
            guard let written = rate?.text(key) else { return nil }
            if let rate = EventRate(written.value) { return rate }
            problems.error(
                "invalid-rate", "\(written.written.quoted) is not a number of events in a span of 1s to 7d",
                at: written.range, suggestion: "write it as \(EventRate.example.quoted)")
            return nil
        }
        let (below, above) = (bound("below"), bound("above"))
        if let below, let above, !above.isAbove(below), let range = rate?.keyRanges["below"] {
            problems.error(
                "empty-range", "\("below".quoted) is no less than \("above".quoted): there would always be an alert",
                at: range, suggestion: "swap them")
        }
        return MonitorSpec.Rate(below: below, above: above)
    }
}
