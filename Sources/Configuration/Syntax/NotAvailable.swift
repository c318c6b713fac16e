import Diagnostics

/// What the syntax has and this version does not run yet: refused, rather than ignored in silence.
///
/// This is the only list: what becomes available loses its line here.
enum NotAvailable {
    struct Entry: Hashable {
        /// The section's name, a dot and the key.
        var place: String
        /// What the message calls it.
        var what: String
    }

    static let entries: [Entry] = [
        Entry(place: "pipeline.monitor", what: "drift monitoring")
    ]

    static func entry(_ section: String, _ key: String) -> Entry? {
        entries.first { $0.place == "\(section).\(key)" }
    }
}

extension DiagnosticGathering {
    func notAvailable(_ entry: NotAvailable.Entry, at range: SourceRange) {
        error(
            "not-available", "\(entry.what) is not available in this version", at: range, suggestion: "remove it")
    }
}
