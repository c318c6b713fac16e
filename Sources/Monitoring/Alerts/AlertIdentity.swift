import Crypto

/// Names that are the same wherever and whenever they are made from the same parts.
enum AlertIdentity {
    static let detectorName = "e-sr"

    /// What an alert is about; never when, nor by whom it was found.
    static func fingerprint(pipeline: String, modelVersion: String, series: SeriesName) -> String {
        hash([pipeline, modelVersion, series.description, detectorName])
    }

    /// Of one record about an alert, so that one that is sent again is known.
    static func record(fingerprint: String, startedAt: Int64, state: AlertRecordState, at time: Int64) -> String {
        hash([fingerprint, "\(startedAt)", state.rawValue, "\(time)"])
    }

    /// 32 hexadecimal digits of SHA-256. Lengths keep two lists of parts from joining to the same text.
    static func hash(_ parts: [String]) -> String {
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return SHA256.hash(data: Array(text.utf8)).prefix(16).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}

/// What a record says of its alert.
public enum AlertRecordState: String, Hashable, Sendable, CaseIterable {
    case firing
    /// It goes on, otherwise than was told.
    case updated
    case resolved
}
