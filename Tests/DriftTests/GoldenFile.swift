import Foundation

/// Reference results: small ones beside the tests, all of them in the folder that RIFFLE_SHARED names.
enum GoldenFile {
    static let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

    /// The folder of all golden files; by default beside the project.
    static let shared: URL = {
        if let path = ProcessInfo.processInfo.environment["RIFFLE_SHARED"] {
            return URL(fileURLWithPath: path).appendingPathComponent("golden/drift")
        }
        // Tests/DriftTests/GoldenFile.swift -> the project -> what it lies in.
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.appendingPathComponent("shared/golden/drift")
    }()

    static let hasShared = FileManager.default.fileExists(atPath: shared.appendingPathComponent("pairs.json").path)

    static func json(_ name: String, in folder: URL = beside) throws -> GoldenValue {
        try JSONDecoder().decode(GoldenValue.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// The rows of a table behind its header; an empty cell is `nil`.
    static func rows(_ name: String) throws -> [[Double?]] {
        let text = try String(contentsOf: beside.appendingPathComponent(name), encoding: .utf8)
        return text.split(separator: "\n").dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        }
    }
}

/// A JSON value, in which "nan", "inf" and "-inf" are numbers.
indirect enum GoldenValue: Decodable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([GoldenValue])
    case object([String: GoldenValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([GoldenValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: GoldenValue].self))
        }
    }

    subscript(key: String) -> GoldenValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var members: [String: GoldenValue] {
        guard case .object(let members) = self else { return [:] }
        return members
    }

    var elements: [GoldenValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var number: Double? {
        switch self {
        case .number(let value): value
        case .text("nan"): .nan
        case .text("inf"): .infinity
        case .text("-inf"): -.infinity
        default: nil
        }
    }

    var numbers: [Double] { elements.map { $0.number ?? .nan } }
}

/// Whether two numbers are the same but for rounding; NaN is the same as NaN.
func isNear(_ found: Double, _ expected: Double, relative: Double = 1e-9, absolute: Double = 1e-9) -> Bool {
    if found.isNaN || expected.isNaN { return found.isNaN && expected.isNaN }
    if found == expected { return true }
    return abs(found - expected) <= max(absolute, relative * abs(expected))
}
