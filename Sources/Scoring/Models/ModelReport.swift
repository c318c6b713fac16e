import Configuration
import Crypto
import Foundation
public import Models

/// A model file as `riffle model inspect` shows it: the file, and what is in it.
public struct ModelReport: Sendable, Encodable {
    /// As the caller named it.
    public let file: String
    public let bytes: Int
    /// The SHA-256 of the file, 64 hexadecimal digits; scores name the first 16 of them as the model's version.
    public let sha256: String
    public let model: ModelSummary

    /// - Throws: the system's error where the file cannot be read, `ModelFailure` where it is too large. A file that is
    ///   no model, or one that is refused, is no error: the report says so.
    public init(file: String, iterations: Iterations = .best) throws {
        let content = try ModelBinding.read(file)
        self.file = file
        bytes = content.count
        sha256 = SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
        // Any output will do: all of them are described.
        model = ModelSummary(inspecting: content, options: ModelOptions(iterations: iterations, output: 0))
    }

    /// One JSON object, keys in snake case and in alphabetical order; numbers that are not finite are the texts `nan`,
    /// `inf` and `-inf`.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
