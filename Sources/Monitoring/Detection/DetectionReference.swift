public import Drift
import Foundation

/// The reference of a detector over numbers: a series of a reference file, or numbers themselves.
public enum DetectionReference {
    private static let mark = Data("\"\(ReferenceFile.format)\"".utf8)

    /// The series of a reference file; `nil`: the file is none, so that it is to be read as numbers.
    ///
    /// - Throws: `ReferenceFault` with what the file holds, where the series is not in it.
    public static func series(_ name: String, of path: String) throws -> SeriesReference? {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe),
            data.first(where: { !Self.isBlank($0) }) == UInt8(ascii: "{"), data.range(of: mark) != nil
        else { return nil }
        let file: ReferenceFile
        do {
            file = try ReferenceFile(reading: data)
        } catch { throw ReferenceFault("\(path): \(error)") }
        if let series = file.series[name] { return series }
        let names = file.series.keys.sorted()
        let listed = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
        throw ReferenceFault("\(path): there is no series \"\(name)\"; it has \(listed)")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
}
