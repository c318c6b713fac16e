import Drift
import Foundation
import Generation

/// Scores of a fraud model as a stationary stream gives them, on the grid of scores, and what can happen to them.
///
/// 0.995 Beta(0.5, 20) and 0.005 Beta(8, 2), rounded to three digits: 11 % of all scores are 0.000. An event a second.
struct SimulatedScores {
    /// How the stationary stream's events depend on one another.
    enum Dependence: String, CaseIterable {
        /// Not at all.
        case independent
        /// All log-odds go up and down by 0.2 in the course of a day.
        case daily
        /// Fraud is 0.2 % of the events, and 2 % in bursts; mean lengths 2,000 and 400 events, exponential.
        case bursts
        case both

        var isDaily: Bool { self == .daily || self == .both }
        var isBursty: Bool { self == .bursts || self == .both }
    }

    enum Change: String, CaseIterable {
        /// All log-odds rise by 0.2.
        case mean
        /// The bulk becomes Beta(0.25, 10): as high on average, more spread.
        case variance
        /// 1 % of the events are uniform from 0.9 to 1 instead.
        case contamination
        /// All log-odds rise by 0.5 in the course of 50,000 events.
        case slow
        /// Twice as much fraud.
        case prior
    }

    static let dayEvents = 86_400
    static let hourEvents = 3_600
    private static let burstEvents = 400.0
    private static let calmEvents = 2_000.0

    /// Tables that all streams share.
    struct Tables {
        let bulk = LogitSampler(alpha: 0.5, beta: 20)
        let spreadBulk = LogitSampler(alpha: 0.25, beta: 10)
        let fraud = LogitSampler(alpha: 8, beta: 2)
        /// Of log-odds in units above two less than the samplers' lowest.
        let cells: [UInt16] = (0..<36 * LogitSampler.unitsPerLogit).map { unit in
            let logit = Double(LogitSampler.lowest - 2) + (Double(unit) + 0.5) / Double(LogitSampler.unitsPerLogit)
            return UInt16(ValueGrid.scores.cell(of: 1 / (1 + exp(-logit))) ?? 0)
        }
    }

    private let tables: Tables
    private let dependence: Dependence
    private var random: RandomSource
    /// Events since a midnight: also the seconds since then.
    private(set) var position: Int
    private var isBurst = false
    private var restOfPhase = 0
    private var change: Change?
    private var changePosition = Int.max

    init(tables: Tables, dependence: Dependence, seed: UInt64, stream: UInt64, position: Int = 0) {
        self.tables = tables
        self.dependence = dependence
        self.position = position
        random = RandomSource(seed: seed, stream: stream)
        isBurst = random.unit() < Self.burstEvents / (Self.burstEvents + Self.calmEvents)
        restOfPhase = phaseLength()
    }

    var hourOfDay: Int { position % Self.dayEvents / Self.hourEvents }

    /// From now on, for good.
    mutating func begin(_ change: Change) {
        self.change = change
        changePosition = position
    }

    /// The number of events in the next bucket: 25 to 75, and none across an hour.
    mutating func bucketSize() -> Int {
        min(25 + random.below(51), Self.hourEvents - position % Self.hourEvents)
    }

    @inline(__always)
    mutating func draw(_ count: Int, _ take: (_ cell: Int) -> Void) {
        let units = Double(LogitSampler.unitsPerLogit)
        let time = Double(position % Self.dayEvents) / Double(Self.dayEvents)
        let cycle = dependence.isDaily ? Int((0.2 * sin(2 * .pi * time) * units).rounded()) : 0
        for _ in 0..<count {
            var fraudShare = 0.005
            if dependence.isBursty {
                if restOfPhase == 0 {
                    isBurst.toggle()
                    restOfPhase = phaseLength()
                }
                restOfPhase -= 1
                fraudShare = isBurst ? 0.02 : 0.002
            }
            var shift = cycle
            switch change {
            case .mean: shift += Int(0.2 * units)
            case .slow: shift += Int(0.5 * units * min(1, Double(position - changePosition) / 50_000))
            case .prior: fraudShare *= 2
            case .variance, .contamination, nil: break
            }
            position += 1
            if change == .contamination, random.unit() < 0.01 {
                take(Int((900 + 100 * random.unit()).rounded()))
                continue
            }
            let isFraud = random.unit() < fraudShare
            let bulk = change == .variance ? tables.spreadBulk.draw(&random) : tables.bulk.draw(&random)
            let logit = isFraud ? tables.fraud.draw(&random) : bulk
            take(Int(tables.cells[logit + 2 * LogitSampler.unitsPerLogit + shift]))
        }
    }

    private mutating func phaseLength() -> Int {
        let mean = isBurst ? Self.burstEvents : Self.calmEvents
        return max(1, Int(-log(1 - random.unit()) * mean))
    }
}
