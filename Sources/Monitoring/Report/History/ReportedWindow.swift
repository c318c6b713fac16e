import Foundation

/// What a report needs of a window's performance, measured with labels or estimated.
struct ReportedWindow: Hashable, Sendable {
    struct Decision: Hashable, Sendable, Decodable {
        let labelled: Int
        let precision: Double?
        let recall: Double?
    }

    struct Measured: Hashable, Sendable, Decodable {
        let events: Int
        let labelled: Int
        let positives: Int
        let decisions: [String: Decision]
        let flagged: Decision
        let roc_auc: Double?
        let average_precision: Double?
        let card_precision: Double?
    }

    struct Estimated: Hashable, Sendable, Decodable {
        let positives: Double
        let precision: Double?
        let recall: Double?
        let roc_auc: Double?
    }

    enum Content: Hashable, Sendable {
        case measured(Measured)
        case estimated(Estimated)
    }

    /// In microseconds: [from, to).
    let from: Int64
    let to: Int64
    let content: Content

    private struct Record: Decodable {
        let from: String
        let to: String
        let performance: Measured?
        let expected: Estimated?
    }

    /// `nil`: its data is no such record.
    init?(_ record: PerformanceRecord) {
        guard let read = try? JSONDecoder().decode(Record.self, from: record.data),
            let from = MonitorText.microseconds(read.from), let to = MonitorText.microseconds(read.to)
        else { return nil }
        if let measured = read.performance {
            content = .measured(measured)
        } else if let estimated = read.expected {
            content = .estimated(estimated)
        } else {
            return nil
        }
        self.from = from
        self.to = to
    }
}

/// Where a share lies, at 95 %.
struct ShareInterval: Hashable, Sendable {
    let lowest: Double
    let highest: Double

    /// Wilson's score interval. Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
    /// Inference", 1927. `nil`: of no events.
    init?(share: Double?, events: Int) {
        guard let share, share.isFinite, events > 0 else { return nil }
        let (n, z) = (Double(events), 1.959_963_984_540_054)
        let scale = 1 + z * z / n
        let middle = share + z * z / (2 * n)
        let half = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        lowest = max(0, (middle - half) / scale)
        highest = min(1, (middle + half) / scale)
    }
}
