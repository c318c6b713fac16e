import Diagnostics
import Features

/// The least that all keys take which `limits.keys_per_entity` allows: of one event each.
struct KeyMemoryBound {
    private let plan: PipelinePlan

    init(_ plan: PipelinePlan) { self.plan = plan }

    /// Of all entities.
    private var bytes: Double {
        let keys = plan.spec.limits.keysPerEntityMax
        return plan.features.entities.reduce(0) { bytes, entity in
            bytes + Double(keys) * entity.memoryEstimate(KeyLoad(keys: keys, eventsPerKey: 1)).bytesPerKey
        }
    }

    /// A limit that somebody wrote and that the machine cannot hold protects nothing. One that nobody wrote is no promise.
    func problem(memoryBytes: Int) -> Diagnostic? {
        guard let range = plan.spec.limits.keysPerEntityRange, bytes > Double(memoryBytes) else { return nil }
        let gib = Double(1 << 30)
        func text(_ bytes: Double) -> String { "\((bytes / gib * 10).rounded() / 10) GiB" }
        let entities = plan.features.entities.count
        let keys = "\(NumberLiteral.text(Int64(plan.spec.limits.keysPerEntityMax))) keys"
        return Diagnostic(
            .warning, code: "keys-beyond-memory",
            "\(keys) of \(entities == 1 ? "an entity" : "each of \(entities) entities") take at least \(text(bytes)), and the "
                + "machine has \(text(Double(memoryBytes)))",
            at: range,
            suggestion:
                "lower it: what is too much for the limit is forgotten, what is too much for the machine ends it")
    }
}
