public import Diagnostics

extension DiagnosticCatalogue {
    /// What `riffle check` has against the monitor's reference; who reads it finds it.
    public static let monitor: [DiagnosticEntry] = [
        .init(
            "unusable-reference",
            "What `monitor.reference` names is no reference, or none of this pipeline as it is now.",
            remedy: "Make it anew with `riffle baseline --replace`.")
    ]
}
