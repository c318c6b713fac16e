import Foundation
import Models
import Testing

/// A csv with a header; `nan` is a missing value.
struct Table {
    var names: [String] = []
    var columnCount = 0
    var rowCount = 0
    /// Row after row.
    var values: [Float] = []

    init(_ path: String, hasHeader: Bool = true) throws {
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        if hasHeader { names = lines.removeFirst().split(separator: ",").map(String.init) }
        for line in lines {
            // Read as float32 at once: by way of float64 it could be rounded twice.
            for cell in line.split(separator: ",") { values.append(cell == "nan" ? .nan : Float(cell)!) }
        }
        rowCount = lines.count
        columnCount = rowCount == 0 ? 0 : values.count / rowCount
    }

    func column(_ name: String) -> [Float] {
        let index = names.firstIndex(of: name)!
        return (0..<rowCount).map { values[$0 * columnCount + index] }
    }
}

/// A model with its inputs and what the library made of them.
struct ModelFixture: CustomTestStringConvertible, Sendable {
    let folder: String
    let name: String
    let inputs: String

    var testDescription: String { name }
    var modelPath: String { "\(folder)/\(name).json" }
    var iterations: Iterations { name == "stopped_all" ? .all : .best }

    func model(output: Int? = nil) throws -> Model {
        try Model.load(
            FixtureFiles.bytes(modelPath), path: name, options: .init(iterations: iterations, output: output))
    }

    /// The model whatever it has for outputs.
    func anyModel() throws -> Model {
        do { return try model() } catch let failure as ModelFailure where failure.code == .badOutput {
            return try model(output: 0)
        }
    }

    func inputTable() throws -> Table { try Table("\(folder)/\(inputs)") }
    func expected() throws -> Table { try Table("\(folder)/\(name).expected.csv") }
    /// `nil` where the fixture has none.
    func leaves() throws -> Table? {
        let path = "\(folder)/\(name).leaf.csv"
        return FileManager.default.fileExists(atPath: path) ? try Table(path, hasHeader: false) : nil
    }
}

enum FixtureFiles {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"

    /// Every model of the folder that has expectations.
    static let own: [ModelFixture] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let suffix = ".expected.csv"
        return files.filter { $0.hasSuffix(suffix) }.sorted().map {
            ModelFixture(
                folder: folder, name: String($0.dropLast(suffix.count)),
                inputs: $0.hasPrefix("categorical") ? "inputs_categories.csv" : "inputs.csv")
        }
    }()

    /// Reference data beside the checkout, which not everybody has.
    static let shared: String = {
        if let path = ProcessInfo.processInfo.environment["RIFFLE_SHARED"] { return path }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().path + "/shared"
    }()

    static let goldenFolder = shared + "/golden/models/xgboost"

    static let golden: [ModelFixture] = {
        let inputs = [
            "binary_logistic": "X.csv", "multi_softprob": "X.csv", "binary_nan": "X_nan.csv",
            "reg_squarederror": "X_reg.csv", "dart": "X.csv", "cat_partition": "X_cat.csv",
        ]
        return inputs.keys.sorted().map { ModelFixture(folder: goldenFolder, name: $0, inputs: inputs[$0]!) }
    }()

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }
}

/// A small generator whose sequence is the same everywhere (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Distance in representable floats; 0 for equal ones.
func ulps(_ left: Float, _ right: Float) -> Int {
    func place(_ x: Float) -> Int {
        let bits = Int(Int32(bitPattern: x.bitPattern))
        return bits >= 0 ? bits : Int(Int32.min) - bits
    }
    return abs(place(left) - place(right))
}
