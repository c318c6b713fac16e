import Drift

@testable import Monitoring

/// A monitor of `PaymentScores`, with a reference made from 60,000 of them.
enum PaymentMonitor {
    static let historyEvents = 60_000
    static let channels = ["web", "pos", "atm"]
    static let segmentChannels = ["pos", "web"]

    static let plan: MonitorPlan = makePlan()

    /// It watches labels, too.
    static let labelled = makePlan(labels: PaymentLabels.plan)

    static func makePlan(
        runLength: Double = 1_000_000, labels: LabelPlan? = nil, _ change: (inout MonitorSettings) -> Void = { _ in }
    ) -> MonitorPlan {
        var settings = MonitorSettings()
        settings.runLength = runLength
        settings.resolveAfterEvents = 4_000
        // 600 events: most of a test's time goes into closing buckets.
        settings.bucketMicroseconds = 300_000_000
        change(&settings)
        var watch = MonitorPlan.Watch()
        watch.decisions = ["block", "allow"]
        watch.features = ["amount", "risk"]
        watch.fields = PaymentScores.fields
        watch.segments = PaymentScores.fields
        do {
            return try MonitorPlan(
                pipeline: "payments", watch: watch, reference: labels == nil ? reference : labelledReference,
                settings: settings, labels: labels)
        } catch {
            fatalError("\(error)")
        }
    }

    static let reference = makeReference(withLabels: false)
    static let labelledReference = makeReference(withLabels: true)

    static let history: [PaymentScores.Row] = {
        var scores = PaymentScores(seed: 77)
        return (0..<historyEvents).map { _ in scores.next() }
    }()

    private static func makeReference(withLabels: Bool) -> ReferenceFile {
        let rows = history
        var series: [String: SeriesReference] = [:]
        func add(
            _ name: String, _ grid: ValueGrid, categories: [String]? = nil, _ value: (PaymentScores.Row) -> Double?
        ) {
            var history = ReferenceHistory(grid: grid)
            for row in rows { if let value = value(row) { history.add(value, at: row.time / 1_000) } }
            do {
                series[name] = try SeriesReference(history, categories: categories)
            } catch {
                fatalError("\(name): \(error)")
            }
        }
        let binary = ValueGrid(from: 0, to: 1, cells: 2)
        let normal = ValueGrid(from: -6, to: 6, cells: 401)
        func flag(_ condition: Bool) -> Double { condition ? 1 : 0 }
        for segment in ["", "{channel=pos}", "{channel=web}", "{channel=(other)}"] {
            let channel = segment.isEmpty ? nil : String(segment.dropFirst(9).dropLast())
            func inside(_ row: PaymentScores.Row) -> Bool {
                guard let channel else { return true }
                return channel == SeriesName.otherValue
                    ? !segmentChannels.contains(row.channel) : row.channel == channel
            }
            add("score" + segment, .scores) { inside($0) ? $0.score : nil }
            add("amount" + segment, normal) { inside($0) ? $0.amount : nil }
            add("risk" + segment, normal) { inside($0) ? $0.risk : nil }
        }
        add("channel", SeriesReference.grid(ofCategories: channels.count), categories: channels) { row in
            Double(channels.firstIndex(of: row.channel) ?? channels.count)
        }
        add("decision=block", binary) { flag($0.isBlocked) }
        add("missing(score)", binary) { _ in 0 }
        add("missing(amount)", binary) { flag($0.amount == nil) }
        add("unseen(channel)", binary) { row in flag(!channels.contains(row.channel)) }
        if withLabels {
            add("positives", binary) { flag($0.isFraud) }
            add("precision(block)", binary) { $0.isBlocked ? flag($0.isFraud) : nil }
            add("recall(block)", binary) { $0.isFraud ? flag($0.isBlocked) : nil }
        }
        return ReferenceFile(
            pipeline: "payments", fromMilliseconds: rows[0].time / 1_000,
            toMilliseconds: rows[rows.count - 1].time / 1_000, series: series,
            calibration: withLabels
                ? CalibrationMap(LabelledCounts(scores: rows.map(\.score), labels: rows.map(\.isFraud))) : nil)
    }
}
