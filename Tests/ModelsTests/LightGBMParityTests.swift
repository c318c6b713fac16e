import Foundation
import Testing

@testable import Models

struct LightGBMFixture: CustomTestStringConvertible, Sendable {
    let folder: String
    let name: String
    let inputs: String

    var testDescription: String { name }

    func model(crlf: Bool = false) throws -> Model {
        var bytes = try FixtureFiles.bytes("\(folder)/\(name).txt")
        if crlf { bytes = Array(String(decoding: bytes, as: UTF8.self).replacing("\n", with: "\r\n").utf8) }
        return try Model.load(bytes, path: name, options: .init(output: 0))
    }

    func inputTable() throws -> DoubleTable { try DoubleTable("\(folder)/\(inputs)") }
    func expected() throws -> DoubleTable { try DoubleTable("\(folder)/\(name).expected.csv") }

    func table(_ suffix: String) throws -> DoubleTable? {
        let path = "\(folder)/\(name).\(suffix).csv"
        return FixtureFiles.exists(path) ? try DoubleTable(path, hasHeader: false) : nil
    }

    static let ownFolder = FixtureFiles.folder + "/LightGBM"
    static let goldenFolder = FixtureFiles.shared + "/golden/models/lightgbm"

    static let own: [LightGBMFixture] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: ownFolder)) ?? []
        let suffix = ".expected.csv"
        return files.filter { $0.hasSuffix(suffix) }.sorted().map {
            LightGBMFixture(folder: ownFolder, name: String($0.dropLast(suffix.count)), inputs: "inputs.csv")
        }
    }()

    static let golden: [LightGBMFixture] = {
        let inputs = [
            "binary": "X.csv", "binary_nan": "X_nan.csv", "categorical": "X_cat.csv", "multiclass": "X_nan.csv",
            "regression": "X_reg.csv", "dart": "X.csv",
        ]
        return inputs.keys.sorted().map { LightGBMFixture(folder: goldenFolder, name: $0, inputs: inputs[$0]!) }
    }()
}

/// Raw scores bit for bit, predictions within 2 ulp of float64, leaves one for one: what the library itself made of
/// each model.
@Suite struct LightGBMParityTests {
    @Test func thereAreFixtures() {
        #expect(LightGBMFixture.own.count >= 35)
    }

    @Test(arguments: LightGBMFixture.own)
    func ownFixtures(_ fixture: LightGBMFixture) throws {
        try check(fixture)
    }

    @Test(
        .enabled(
            if: FixtureFiles.exists(LightGBMFixture.goldenFolder),
            "no golden models: set RIFFLE_SHARED to the folder that holds golden/models/lightgbm"),
        arguments: LightGBMFixture.golden)
    func goldenFixtures(_ fixture: LightGBMFixture) throws {
        try check(fixture)
    }

    @Test func linesThatEndInTwoBytesAreTheSame() throws {
        for name in ["categorical", "linear", "multiclass_v2"] {
            let fixture = LightGBMFixture(folder: LightGBMFixture.ownFolder, name: name, inputs: "inputs.csv")
            let inputs = try fixture.inputTable()
            let one = try fixture.model().predictor.outputs(
                inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: 64)
            let two = try fixture.model(crlf: true).predictor.outputs(
                inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: 64)
            #expect(one.raw.map(\.bitPattern) == two.raw.map(\.bitPattern))
        }
    }

    @Test func headersAreRead() throws {
        let fixture = LightGBMFixture(folder: LightGBMFixture.ownFolder, name: "rf_multiclass", inputs: "inputs.csv")
        let model = try fixture.model()
        #expect(model.format == .lightgbmText)
        #expect(model.objective == "multiclass")
        #expect(model.libraryVersion == "v4")
        #expect(model.featureNames == (0..<8).map { "Column_\($0)" })
        #expect(model.outputCount == 3)
        #expect(model.roundCount == 3 && model.roundsUsed == 3)
        #expect(model.precision == .double)
    }

    private func check(_ fixture: LightGBMFixture) throws {
        let model = try fixture.model()
        let inputs = try fixture.inputTable()
        let expected = try fixture.expected()
        #expect(inputs.columnCount == model.featureCount)
        let packed = try #require(model.predictor as? DoubleForestPredictor)
        for kernel in DoubleForestPredictor.Kernel.allCases {
            let predictor = DoubleForestPredictor(packed.forest, kernel: kernel)
            for batch in [1, 2, 7, 16, 64, inputs.rowCount] {
                let found = predictor.outputs(
                    inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: batch)
                check(found, predictor, expected, "\(fixture.name), \(kernel), batches of \(batch)")
            }
        }
        guard let leaves = try fixture.table("leaf") else { return }
        for row in 0..<leaves.rowCount {
            var found = [Int32](repeating: -1, count: packed.forest.trees.count)
            inputs.row(row).withUnsafeBufferPointer { packed.leafNumbers(row: $0.baseAddress!, into: &found) }
            #expect(found.map(Double.init) == leaves.row(row), "\(fixture.name): leaves of row \(row)")
        }
    }

    private func check(
        _ found: (raw: [Double], predictions: [Double]), _ predictor: DoubleForestPredictor, _ expected: DoubleTable,
        _ comment: String
    ) {
        let (raws, outputs) = (predictor.rawCount, predictor.outputCount)
        #expect(raws + outputs == expected.columnCount)
        var differing: [Int] = []
        var worst: UInt64 = 0
        for row in 0..<expected.rowCount {
            let wanted = expected.row(row)
            // Of a NaN (infinity less infinity in a linear leaf) there are several.
            let raw = found.raw[row * raws..<(row + 1) * raws]
            if !zip(raw, wanted).allSatisfy({ ulps($0, $1) == 0 }) { differing.append(row) }
            for output in 0..<outputs {
                worst = max(worst, ulps(found.predictions[row * outputs + output], wanted[raws + output]))
            }
        }
        #expect(differing.isEmpty, "\(comment): raw scores of rows \(differing.prefix(5))")
        #expect(worst <= 2, "\(comment): a prediction is \(worst) ulp off")
    }
}
