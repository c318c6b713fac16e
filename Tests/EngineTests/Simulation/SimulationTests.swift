import Foundation
import Synchronization
import Testing

@testable import Engine

/// Engines over a simulated cluster: whatever happens, nothing is lost, nothing doubled, and no score changes.
///
/// `RIFFLE_SIMULATION_SEEDS` says how many seeds; `RIFFLE_SIMULATION_SEED` runs one, and prints what happened.
struct SimulationTests {
    static let seeds = ProcessInfo.processInfo.environment["RIFFLE_SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 3_000
    static let single = ProcessInfo.processInfo.environment["RIFFLE_SIMULATION_SEED"].flatMap { UInt64($0) }
    private static let parts: UInt64 = 16
    /// Seeds that found a bug once.
    private static let regressions: [UInt64] = [
        // Partitions were taken away in the middle of a rebuild.
        112, 128,
        // Orders of an assignment that was lost stood in the producer's queue while the order was read.
        10_457, 14_139, 25_626,
        // A transaction that held orders alone did not ask the group.
        4_786, 6_666,
        // A rebuild that was cut short at its very end was taken for whole, and its guards for the next one's.
        763, 2_095, 3_395, 4_045, 6_083, 9_896, 11_731,
        // A snapshot of what was never committed was used once others had committed as far.
        41_775, 50_605,
    ]

    @Test(arguments: 0..<parts) func seeds(part: UInt64) throws {
        if let single = Self.single {
            if part > 0 { return }
            let world = try simulate(single)
            print(world.scenario, world.notes.sorted { $0.key < $1.key }, world.passes, world.violations)
            #expect(world.violations.isEmpty)
            return
        }
        var notes: [String: Int] = [:]
        for seed in stride(from: part, to: Self.seeds, by: UInt64.Stride(Self.parts)) {
            let world = try simulate(seed)
            notes.merge(world.notes, uniquingKeysWith: +)
            #expect(world.violations.isEmpty, "\(world.scenario)")
        }
        checkCoverage(notes)
    }

    /// When all parts are done: has everything happened that can happen?
    private func checkCoverage(_ notes: [String: Int]) {
        let total = Self.coverage.withLock { coverage in
            coverage.parts += 1
            coverage.notes.merge(notes, uniquingKeysWith: +)
            return coverage
        }
        if total.parts < Self.parts || Self.seeds < 500 { return }
        print(
            "simulation, \(Self.seeds) seeds:", total.notes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })
        for what in Self.wanted { #expect(total.notes[what, default: 0] > 0, "it never happened: \(what)") }
    }

    private static let wanted =
        SimulatedWorld.Point.allCases.map { "crash at \($0.rawValue)" }
        + Scenario.Fault.allCases.map { "fault \($0.rawValue)" } + [
            "abort", "stale", "fenced", "lost", "revoked", "retention", "disk fault", "rot", "snapshot",
            "snapshot failed",
            "lost answer", "lost request", "assignment stale", "restore from snapshot", "restore from horizon",
            "restore from log", "careful restart", "trees restored from a snapshot", "trees rebuilt from the log",
            "scores of both models",
        ]

    private struct Coverage {
        var parts: UInt64 = 0
        var notes: [String: Int] = [:]
    }

    private static let coverage = Mutex(Coverage())

    @Test func regressionsStayFixed() throws {
        for seed in Self.regressions {
            let world = try simulate(seed, isPlain: true)
            #expect(world.violations.isEmpty, "\(world.scenario)")
        }
    }

    /// What a seed found can be looked at again.
    @Test func aSeedRepeats() throws {
        for seed in 0..<12 as Range<UInt64> {
            let (first, second) = (try simulate(seed), try simulate(seed))
            #expect(first.passes == second.passes && first.notes == second.notes, "seed \(seed)")
        }
    }

    @Test(arguments: PlantedBug.allCases) func plantedBugIsFound(bug: PlantedBug) throws {
        if Self.single != nil { return }
        for seed in 0..<500 as Range<UInt64> {
            let world = try simulate(seed, bug: bug)
            if let violation = world.violations.first {
                print("\(bug.rawValue): found after \(seed + 1) seeds: \(violation)")
                return
            }
        }
        Issue.record("\(bug.rawValue) was not found within 500 seeds")
    }

    private func simulate(_ seed: UInt64, bug: PlantedBug? = nil, isPlain: Bool = false) throws -> SimulatedWorld {
        let scenario = Scenario(seed: seed, isPlain: isPlain)
        let plan = try SimulationPlans.plan(scenario)
        let world = SimulatedWorld(scenario, plan: plan, bug: bug)
        if scenario.scoring == .forests {
            world.sets.append(try SimulationPlans.plan(scenario, models: [.other]).models)
        }
        world.isTraced = Self.single == seed
        world.run()
        return world
    }
}

/// Plans are made once.
private enum SimulationPlans {
    private static let plans = Mutex<[String: ScoringPlan]>([:])

    static func plan(
        _ scenario: Scenario, models: [PaymentPlan.NamedModel] = [.forest]
    ) throws -> ScoringPlan {
        let key = scenario.planKey + models.map(\.file).joined()
        return try plans.withLock { plans in
            if let found = plans[key] { return found }
            let made = try scenario.plan(models: models)
            plans[key] = made
            return made
        }
    }
}
