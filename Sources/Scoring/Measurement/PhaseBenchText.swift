import Engine
import Features
import Foundation

/// What a bench of the phases prints.
public enum PhaseBenchText {
    /// Before the rounds: what is measured, and where.
    public static func head(_ bench: PhaseBench, machine: PhaseBenchMachine) -> String {
        let scoring = bench.assembly.scoring
        let bytes = bench.events.byteCount / max(1, bench.events.count)
        let model = scoring.models.isEmpty ? "no model" : "model \(scoring.models.name) \(scoring.models.version)"
        let workers = bench.options.workers == 1 ? "1 worker" : "\(bench.options.workers) workers"
        let features = "\(scoring.features.featureCount) features, \(scoring.outputFeatures.count) of them in the score"
        return """
            machine   \(machine.text)
            events    \(bench.events.count) of \(bytes) bytes from \(bench.eventsName)
            run       \(workers), batches of \(bench.options.batchRowsMax), \(bench.options.rounds) rounds
            pipeline  \(scoring.pipeline): \(features); \(model)
            """
    }

    /// A line a phase, then what came out and how that stands to the goals.
    public static func table(_ result: PhaseBenchResult) -> String {
        var lines = ["phase     ns/event best  median   events/s per core best     median"]
        for phase in MeasuredPhase.allCases {
            let (best, median) = (result.best(phase), result.median(phase))
            let name = phase.rawValue + String(repeating: " ", count: 10 - phase.rawValue.count)
            let columns = [
                name, padded(number(best, decimals: 1), 13), padded(number(median, decimals: 1), 8),
                padded(rate(result, best), 25), padded(rate(result, median), 11),
            ]
            lines.append(columns.joined())
        }
        return (lines + [processor(result), outcome(result), goals(result)]).joined(separator: "\n")
    }

    /// How much of the time the process really had a core: less means that others took it, and the figures with it.
    private static func processor(_ result: PhaseBenchResult) -> String {
        let shares = result.passes.filter { $0.whole > 0 }.map { Double($0.processor) / Double($0.whole) }
        let text = shares.map { String(format: "%.2f", $0) }.joined(separator: " ")
        let perMillion = result.passes.map { Double($0.processor) / Double(max(1, $0.events)) / 1e3 }.min() ?? 0
        return "cores     \(text) in use, by round; \(number(perMillion, decimals: 2)) CPU s per million events at best"
    }

    private static func outcome(_ result: PhaseBenchResult) -> String {
        let pass = result.passes[0]
        let hash = hexadecimal(pass.scoreHash)
        var parts = ["\(pass.scored) scored", "\(pass.faults) faults"]
        if pass.lateDropped > 0 { parts.append("\(pass.lateDropped) dropped as late") }
        parts.append("\(pass.scoreBytes / max(1, pass.scored)) bytes a score")
        guard result.isSame else {
            let hashes = result.passes.map { hexadecimal($0.scoreHash) }.joined(separator: " ")
            return "result    " + parts.joined(separator: ", ") + ", hashes \(hashes): THE ROUNDS DIFFER"
        }
        let rounds = result.passes.count == 1 ? "" : ", the same in \(result.passes.count) rounds"
        return "result    " + parts.joined(separator: ", ") + ", hash \(hash)" + rounds
    }

    private static func goals(_ result: PhaseBenchResult) -> String {
        let best = result.eventsPerSecondAndCore(nanoseconds: result.best(.whole))
        let median = result.eventsPerSecondAndCore(nanoseconds: result.median(.whole))
        let least = PhaseBenchResult.leastEventsPerSecond
        let aim = PhaseBenchResult.aimEventsPerSecond
        let leastText = "median \(ratio(median, least)), best \(ratio(best, least))"
        let aimText = "median \(ratio(median, aim)), best \(ratio(best, aim))"
        return "goal      at least \(number(least)) events/s per core: \(leastText); aim \(number(aim)): \(aimText)"
    }

    private static func ratio(_ measured: Double, _ goal: Double) -> String {
        String(format: "%.2f of it (%@)", measured / goal, measured >= goal ? "met" : "missed")
    }

    private static func rate(_ result: PhaseBenchResult, _ nanoseconds: Double) -> String {
        number(result.eventsPerSecondAndCore(nanoseconds: nanoseconds))
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// With thousands apart; the same in every locale.
    private static func number(_ value: Double, decimals: Int = 0) -> String {
        let text = String(format: "%.\(decimals)f", value)
        let whole = text.prefix { $0 != "." }
        var grouped = ""
        for (place, digit) in whole.enumerated() {
            if place > 0, (whole.count - place) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped + text.dropFirst(whole.count)
    }
}
