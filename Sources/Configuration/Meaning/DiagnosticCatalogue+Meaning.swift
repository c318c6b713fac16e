public import Diagnostics

extension DiagnosticCatalogue {
    /// Warnings of what is legal and hardly meant, which only `riffle check` gives.
    public static let meaning: [DiagnosticEntry] = [
        .init(
            "unused-feature", "A feature is computed, and nothing reads it.",
            remedy: "Remove it, or write it under the model's `inputs` or `output.features`."),
        .init(
            "unreachable-rule", "A rule stands behind one that always holds, or that has the same condition.",
            remedy: "Move it up, or remove it: the first rule that holds decides."),
        .init(
            "ahead-of-late",
            "Late events are dropped or dead letters, and one event that is as far ahead as `ahead` allows makes those in time "
                + "late.",
            remedy: "Make `ahead` at most `late.after`, or let late events be scored."),
        .init(
            "start-within-windows", "A new group reads less far back than its windows reach.",
            remedy: "Let `kafka.start` reach as far back as the longest window with its delay."),
        .init(
            "keys-beyond-memory",
            "The keys that `limits.keys_per_entity` allows do not fit into the machine's memory, even with one event each.",
            remedy: "Lower the limit to what the machine holds."),
    ]
}
