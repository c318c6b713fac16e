import Configuration
import Diagnostics
public import Engine
import Events
import Features

/// What a bench of features computes: one of a few pipelines over the same payments.
public enum FeatureBenchShape: String, CaseIterable, Sendable {
    /// Counts and means of one entity over three windows: the short way through the engine.
    case sums
    /// All that one entity can be asked without a sketch, over three windows.
    case aggregates
    /// Quantiles and different values of one entity, in windows and since the beginning.
    case sketches
    /// Counts, means and extremes over 30 days, in tiles of one percent: for keys with many events.
    case tiled
    /// Twenty features over cards, customers, terminals and devices.
    case entities

    /// One line for whoever reads a figure.
    public var summary: String {
        switch self {
        case .sums: "count and mean over 1 d, 7 d, 30 d"
        case .aggregates: "count, mean, stddev, min, max, last over 1 d, 7 d, 30 d"
        case .sketches: "quantile and distinct over 7 d, 30 d and all"
        case .tiled: "count, mean, max over 30 d in tiles of 1 %"
        case .entities: "20 features over card, customer, terminal, device"
        }
    }

    /// The plan of its features, with room for so many keys.
    public func plan(keysPerEntity: Int) -> ScoringPlan {
        Self.plan(
            Self.head + groups, named: rawValue, keysPerEntity: keysPerEntity,
            tiles: self == .tiled ? Self.tileHundredths : nil)
    }

    /// Hundredths of a percent.
    private static let tileHundredths: Int64 = 100

    /// The plan of a pipeline that is known to be right, to be measured without a broker and a model.
    ///
    /// - Parameter tiles: hundredths of a percent of each window; `nil`: windows are exact.
    static func plan(
        _ text: String, named name: String, keysPerEntity: Int, tiles: Int64? = nil
    ) -> ScoringPlan {
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "\(name).yaml", environment: [:])
        guard let plan = file.compile() else { preconditionFailure(file.rendered()) }
        let entities = plan.features.entities.map { entity in
            tiles.flatMap { entity.tiled(hundredthsOfPercent: $0) } ?? entity
        }
        let features = FeaturePlan(
            names: plan.features.names, entities: entities, expressions: plan.features.expressions)
        return ScoringPlan(
            pipeline: name, sources: plan.sources, decodeLimits: DecodeLimits(), idField: plan.sources[0].id,
            features: features,
            featureLimits: FeatureLimits(keysPerEntity: keysPerEntity), model: nil, rules: [], outputFeatures: [],
            isOrderIrrelevant: plan.isOrderIrrelevant, planHash: "0000000000000000")
    }

    private static let head = """
        pipeline: bench
        kafka: {brokers: "localhost:9092", group: bench}
        sources:
          payments:
            topic: payments
            key: card
            id: payment
            time: {field: at, format: epoch-us}
            fields:
              payment: int
              card: string
              customer: int
              terminal: int
              device: string
              amount: {type: decimal, scale: 2}
              distance: float
              country: string
              declined: bool
            late: {after: 10m, then: score}
        output: {topic: features, features: all}
        dead_letter: {topic: dead}
        features:

        """

    private var groups: String {
        switch self {
        case .sums:
            """
              - by: card
                over: [1d, 7d, 30d]
                aggregates: {payments: count(), usual: mean(amount)}
            """
        case .aggregates:
            """
              - by: card
                over: [1d, 7d, 30d]
                aggregates:
                  payments: count()
                  usual: mean(amount)
                  spread: stddev(distance)
                  least: min(amount)
                  most: max(amount)
                  newest: last(distance)
            """
        case .sketches:
            """
              - by: card
                over: [7d, 30d, all]
                aggregates: {high: "quantile(amount, 0.95)", countries: distinct(country)}
            """
        case .tiled:
            """
              - by: card
                over: [30d]
                aggregates: {payments: count(), usual: mean(amount), most: max(amount)}
            """
        case .entities: Self.fourEntities
        }
    }

    private static let fourEntities = """
          - by: card
            over: [1h, 1d]
            aggregates: {card_payments: count(), card_spent: sum(amount)}
          - by: card
            over: [30d]
            aggregates: {card_usual: mean(amount), card_spread: stddev(amount)}
          - by: card
            over: [7d]
            aggregates: {card_countries: distinct(country), card_pause: time_since_last()}
          - by: customer
            over: [1d, 30d]
            aggregates: {customer_payments: count(), customer_most: max(amount)}
          - by: customer
            over: all
            aggregates: {customer_trend: "ewma(amount, 7d)"}
          - by: terminal
            over: [1d, 7d]
            aggregates: {terminal_payments: count()}
          - by: terminal
            over: [7d]
            aggregates: {terminal_high: "quantile(amount, 0.95)", terminal_rate: rate(1h)}
          - by: device
            over: [7d]
            aggregates:
              device_cards: distinct(card)
              device_least: min(amount)
              device_declined: {value: count(), where: declined}
        """
}
