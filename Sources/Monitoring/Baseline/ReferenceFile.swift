import Crypto
public import Drift
public import Foundation

/// A reference as a file: JSON with a version, and the SHA-256 of its content.
///
/// The digest is that of the content as this type writes it (keys in order, no blanks), so that two files with the same
/// content have the same, however they are laid out. Alerts name it; a file whose digest is not its content's is refused.
public struct ReferenceFile: Hashable, Sendable {
    public let pipeline: String
    /// Event times of the first and the last event, in milliseconds since 1970-01-01, UTC.
    public let fromMilliseconds: Int64
    public let toMilliseconds: Int64
    /// By name, the text of a `SeriesName`.
    public let series: [String: SeriesReference]
    /// `nil`: a file of version 1, which does not say.
    public let origin: ReferenceOrigin?
    /// What share of the events with a score was positive; `nil`: no labels were known, or the file is older.
    public let calibration: CalibrationMap?

    public static let format = "riffle-reference"
    /// The version that is written; it and those before it are read.
    public static let version = 3
    /// A larger file is not read.
    public static let bytesMax = 256 << 20
    public static let seriesMax = 4_096
    /// The longest name of a series, in bytes of UTF-8.
    static let nameBytesMax = 4_096
    /// Cells of all series and strata together: empty ones, too, take memory once they are read (256 MiB).
    public static let cellsMax = 1 << 25

    public init(
        pipeline: String, fromMilliseconds: Int64, toMilliseconds: Int64, series: [String: SeriesReference],
        origin: ReferenceOrigin? = nil, calibration: CalibrationMap? = nil
    ) {
        self.pipeline = pipeline
        self.fromMilliseconds = fromMilliseconds
        self.toMilliseconds = toMilliseconds
        self.series = series
        self.origin = origin
        self.calibration = calibration
    }

    /// In hexadecimal digits. Complexity: O(content).
    public func sha256() throws -> String { try Self.digest(of: content.canonical()) }

    /// The file. Complexity: O(content).
    public func encoded() throws -> Data {
        let content = content
        let document = Document(
            format: Self.format, version: Self.version, sha256: try Self.digest(of: content.canonical()),
            content: content)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(document) + Data("\n".utf8)
    }

    /// - Throws: `ReferenceFault`: what in the file is not as it must be.
    public init(reading data: Data) throws(ReferenceFault) {
        guard data.count <= Self.bytesMax else {
            throw ReferenceFault("the reference has \(data.count) bytes: at most \(Self.bytesMax) are read")
        }
        let document = try Self.document(data)
        guard document.format == Self.format else {
            throw ReferenceFault(
                "this is no reference: \"format\" is not \"\(Self.format)\"; `riffle baseline` makes one")
        }
        guard (1...Self.version).contains(document.version) else {
            throw ReferenceFault(
                "the reference has version \(document.version), this riffle reads 1 to \(Self.version): make it anew")
        }
        guard let content = document.content, let canonical = try? content.canonical() else {
            throw ReferenceFault("the reference has no \"content\"")
        }
        let digest = Self.digest(of: canonical)
        guard document.sha256 == digest else {
            throw ReferenceFault("the reference was changed after it was made: its \"sha256\" should be \(digest)")
        }
        guard content.series.count <= Self.seriesMax, content.from <= content.to else {
            throw ReferenceFault(
                "\(content.series.count) series from \(content.from) to \(content.to): "
                    + "expected at most \(Self.seriesMax), and a beginning before the end")
        }
        if let problem = content.origin?.problem { throw ReferenceFault("origin: \(problem)") }
        try Self.checkSize(content)
        var series: [String: SeriesReference] = [:]
        for (name, stored) in content.series.sorted(by: { $0.key < $1.key }) {
            do {
                series[name] = try stored.reference()
            } catch {
                throw ReferenceFault("series \"\(name)\": \(error)")
            }
        }
        self.init(
            pipeline: content.pipeline, fromMilliseconds: content.from, toMilliseconds: content.to, series: series,
            origin: content.origin, calibration: content.calibration)
    }

    private static func checkSize(_ content: ReferenceContent) throws(ReferenceFault) {
        var cells = 0
        for (name, stored) in content.series {
            guard name.utf8.count <= nameBytesMax else {
                throw ReferenceFault(
                    "a series has a name of \(name.utf8.count) bytes: at most \(nameBytesMax) are read")
            }
            guard (0...ValueGrid.cellCountMax).contains(stored.grid.cells), stored.strata.count <= 24 else { continue }
            cells += stored.grid.cells * stored.strata.count
        }
        guard cells <= cellsMax else {
            throw ReferenceFault("the reference has \(cells) cells: at most \(cellsMax) are read")
        }
    }

    private var content: ReferenceContent {
        ReferenceContent(
            pipeline: pipeline, from: fromMilliseconds, to: toMilliseconds,
            series: series.mapValues(ReferenceContent.Series.init), origin: origin, calibration: calibration)
    }

    private static func digest(of bytes: Data) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private struct Document: Codable {
        var format: String
        var version: Int
        var sha256: String
        /// None in a file of another format or version.
        var content: ReferenceContent?
    }

    /// Format and version are looked at before the content is, which another version may write otherwise.
    private struct Mark: Decodable {
        var format: String?
        var version: Int?
    }

    private static func document(_ data: Data) throws(ReferenceFault) -> Document {
        let decoder = JSONDecoder()
        guard let mark = try? decoder.decode(Mark.self, from: data) else {
            throw ReferenceFault("this is no reference: the file is not a JSON object; `riffle baseline` makes one")
        }
        if mark.format != format || !(1...version).contains(mark.version ?? 0) {
            return Document(format: mark.format ?? "", version: mark.version ?? 0, sha256: "", content: nil)
        }
        do {
            return try decoder.decode(Document.self, from: data)
        } catch {
            throw ReferenceFault("the reference is damaged: \(place(of: error))")
        }
    }

    private static func place(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "its JSON cannot be read" }
        let (problem, context): (String, DecodingError.Context) =
            switch error {
            case .keyNotFound(let key, let context): ("\"\(key.stringValue)\" is missing", context)
            case .typeMismatch(_, let context): ("not of the type that is expected", context)
            case .valueNotFound(_, let context): ("null", context)
            case .dataCorrupted(let context): ("no value that can be held", context)
            @unknown default: ("not readable", .init(codingPath: [], debugDescription: ""))
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? problem : "\(path): \(problem)"
    }
}
