import Events
import Foundation
import Testing

@testable import Models

/// Files that are no isolation forest: each is refused by what is wrong and where.
@Suite struct IsolationForestRefusalTests {
    /// Two splits and three leaves over two inputs, and a tree that is a leaf.
    static let good = """
        {"format":"riffle-isolation-forest","version":1,"inputs":["a","b"],"sample":4,"seed":1,"rows":9,"trees":[
        {"feature":[0,-1,1,-1,-1],"threshold":[0.5,0,2,0,0],"missing_right":[1,0,0,0,0],"left":[1,-1,3,-1,-1],
        "right":[2,-1,4,-1,-1],"rows":[4,1,3,2,1]},
        {"feature":[-1],"threshold":[0],"missing_right":[0],"left":[-1],"right":[-1],"rows":[4]}]}
        """

    static let wrong: [(from: String, to: String, code: ModelFailure.Code, place: String?)] = [
        ("\"version\":1", "\"version\":2", .unsupportedFormat, "version"),
        ("\"version\":1,", "", .missingField, nil),
        ("\"version\":1", "\"version\":\"x\"", .badNumber, "version"),
        ("[\"a\",\"b\"]", "[\"a\",\"a\"]", .malformed, "inputs"),
        ("[\"a\",\"b\"]", "[\"a\",7]", .wrongType, "inputs[1]"),
        ("[\"a\",\"b\"]", "[\"a\"]", .featureOutOfRange, "tree 0, node 2"),
        ("\"sample\":4", "\"sample\":5", .badNumber, "tree 0"),
        ("\"sample\":4", "\"sample\":0", .badNumber, "sample"),
        ("\"sample\":4", "\"sample\":1e3", .wrongType, "sample"),
        ("\"seed\":1", "\"seed\":-1", .badNumber, "seed"),
        ("\"rows\":9", "\"rows\":3", .badNumber, "rows"),
        ("\"trees\":", "\"forest\":", .missingField, nil),
        ("\"feature\":[0,-1", "\"feature\":[-2,-1", .featureOutOfRange, "tree 0, node 0"),
        ("\"feature\":[0,-1", "\"feature\":[2,-1", .featureOutOfRange, "tree 0, node 0"),
        ("\"feature\":[0,-1", "\"feature\":[0.5,-1", .wrongType, "trees[0].feature[0]"),
        ("\"feature\":[0,-1", "\"feature\":[-1,-1", .malformed, "tree 0, node 0"),
        ("\"threshold\":[0.5,", "\"threshold\":[NaN,", .thresholdNotANumber, "tree 0, node 0"),
        ("\"threshold\":[0.5,", "\"threshold\":[", .wrongLength, "tree 0"),
        ("\"missing_right\":[1,", "\"missing_right\":[2,", .badNumber, "tree 0, node 0"),
        ("\"missing_right\":[1,", "\"missing_right\":[-1,", .wrongType, "trees[0].missing_right[0]"),
        ("\"left\":[1,", "\"left\":[0,", .childOutOfRange, "tree 0, node 0"),
        ("\"left\":[1,", "\"left\":[-1,", .childOutOfRange, "tree 0, node 0"),
        ("\"left\":[1,", "\"left\":[5,", .childOutOfRange, "tree 0, node 0"),
        ("\"left\":[1,", "\"left\":[2,", .nodeReachedTwice, "tree 0, node 0"),
        ("\"left\":[1,-1,3", "\"left\":[1,-1,2", .childOutOfRange, "tree 0, node 2"),
        ("\"rows\":[4,1,3,2,1]", "\"rows\":[4,4,0,2,1]", .badNumber, "tree 0, node 2"),
        ("\"rows\":[4,1,3,2,1]", "\"rows\":[4,1,3,1,1]", .badNumber, "tree 0, node 2"),
        ("{\"feature\":[-1],", "{\"feature\":[],", .wrongLength, "tree 1"),
    ]

    @Test(arguments: wrong.indices)
    func whatIsWrongIsNamed(index: Int) throws {
        let (from, to, code, place) = Self.wrong[index]
        let text = Self.replaced(from, by: to)
        let failure = try #require(throws: ModelFailure.self) { try Model.load(Array(text.utf8), path: "m.json") }
        #expect(failure.code == code, "\(failure)")
        #expect(failure.path == "m.json")
        if let place { #expect(failure.place == place, "\(failure)") }
    }

    static func replaced(_ from: String, by to: String) -> String {
        guard let range = good.range(of: from) else { return "not in the file: \(from)" }
        return good.replacingCharacters(in: range, with: to)
    }

    @Test func theFileItselfIsGood() throws {
        let model = try Model.load(Array(Self.good.utf8), path: "")
        #expect(model.featureNames == ["a", "b"])
        let rows: [Double] = [0, 0, 1, 2, 1, 3, .nan, .nan]
        let forest = try #require(model.predictor as? IsolationForestPredictor).forest
        let expected = (0..<4).map { NaiveIsolationForest.raw(forest, [rows[2 * $0], rows[2 * $0 + 1]]) }
        #expect(model.predictor.outputs(rows, rowCount: 4, stride: 2, batch: 4).raw == expected)
    }

    @Test func aNodeThatNothingLeadsToIsRefused() throws {
        let text = Self.good.replacing("\"rows\":[4]", with: "\"rows\":[4,1]").replacing("[-1]", with: "[-1,-1]")
            .replacing("\"threshold\":[0]", with: "\"threshold\":[0,0]")
            .replacing("\"missing_right\":[0]", with: "\"missing_right\":[0,0]")
        let failure = try #require(throws: ModelFailure.self) { try Model.load(Array(text.utf8), path: "") }
        #expect(failure.code == .malformed)
        #expect(failure.place == "tree 1, node 1")
    }

    @Test func limitsHold() throws {
        func code(_ text: String, _ limits: ForestLimits = ForestLimits()) throws -> ModelFailure.Code {
            try #require(throws: ModelFailure.self) {
                try Model.load(Array(text.utf8), path: "", options: ModelOptions(limits: limits))
            }.code
        }
        #expect(try code(Self.good, ForestLimits(treesMax: 1)) == .tooManyTrees)
        #expect(try code(Self.good, ForestLimits(nodesMax: 5)) == .tooManyNodes)
        #expect(try code(Self.good, ForestLimits(depthMax: 1)) == .treeTooDeep)
        #expect(try code(Self.good, ForestLimits(featuresMax: 1)) == .tooManyFeatures)
        #expect(try code(Self.replaced("[\"a\",\"b\"]", by: "[]")) == .featureOutOfRange)
        #expect(try code(Self.chain(600)) == .treeTooDeep)
        let noTrees = Self.good.prefix(while: { $0 != "\n" }) + "]}"
        #expect(try code(String(noTrees)) == .wrongLength)
    }

    /// A tree that goes only to the right.
    static func chain(_ depth: Int) -> String {
        func list(_ value: (Int) -> Int) -> String {
            "[" + (0...2 * depth).map { "\(value($0))" }.joined(separator: ",") + "]"
        }
        let isSplit = { (node: Int) in node % 2 == 0 && node < 2 * depth }
        return """
            {"format":"riffle-isolation-forest","version":1,"inputs":["a"],"sample":\(depth + 1),"seed":1,
            "rows":\(depth + 1),"trees":[{"feature":\(list { isSplit($0) ? 0 : -1 }),"threshold":\(list { $0 / 2 }),
            "missing_right":\(list { _ in 0 }),"left":\(list { isSplit($0) ? $0 + 1 : -1 }),
            "right":\(list { isSplit($0) ? $0 + 2 : -1 }),
            "rows":\(list { $0 % 2 == 0 ? depth + 1 - $0 / 2 : 1 })}]}
            """
    }

    /// Damage with knowledge of the structure: none may crash, and what loads must score as the recursion does.
    @Test(arguments: [1] as [UInt64])
    func mutantsAreRefusedOrExact(seed: UInt64) throws {
        let mutantCount = 3_000
        let trained = TrainingTable.random(rows: 40, width: 3, seed: 1).train(.init(treeCount: 3, sample: 16))
        let sources = [Array(Self.good.utf8), trained.fileBytes()]
        var (parsed, predicted) = (0, 0)
        var codes: [ModelFailure.Code: Int] = [:]
        for number in 0..<mutantCount {
            var random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
            let mutant = Self.mutant(of: sources[number % 2], &random)
            if mutant.withUnsafeBytes({ (try? JSONDocument(parsing: $0)) != nil }) { parsed += 1 }
            do {
                let model = try Model.load(mutant, path: "")
                predicted += 1
                guard model.featureCount <= 100, let found = model.predictor as? IsolationForestPredictor else {
                    continue
                }
                let width = model.featureCount
                let thresholds = found.forest.trees.flatMap(\.thresholds)
                let values = (0..<6 * width).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
                let raw = found.outputs(values, rowCount: 6, stride: width, batch: 6).raw
                for row in 0..<6 {
                    let expected = NaiveIsolationForest.raw(
                        found.forest, Array(values[row * width..<(row + 1) * width]))
                    #expect(ulps(raw[row], expected) == 0, "seed \(seed), mutant \(number)")
                }
            } catch {
                codes[error.code, default: 0] += 1
            }
        }
        print("isolation forest mutants: \(mutantCount), \(parsed) parse as JSON, \(predicted) load and predict:")
        print(codes.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", "))
        #expect(parsed * 100 >= mutantCount * 30, "\(parsed) parse")
        #expect(predicted * 100 >= mutantCount * 5, "\(predicted) predict")
        #expect(codes.count >= 8, "\(codes)")
    }

    private static let pieces = [
        "0", "-1", "1", "2", "3", "4", "-2", "0.5", "1e0", "-0.0", "1e-36", "NaN", "Infinity", "-Infinity",
        "2147483647",
        "-2147483648", "4294967296", "9223372036854775807", "18446744073709551616", "1e400", "null", "true", "\"0\"",
        "[]", "{}", "",
    ]

    /// Changes one to three numbers or bytes, or cuts off the end.
    static func mutant(of source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var text = source
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0: text[place] = .random(in: 0...255, using: &random)
            case 1: text.removeLast(Int.random(in: 0...text.count / 8, using: &random))
            default:
                guard let start = text[place...].firstIndex(where: { digits.contains($0) }) else { continue }
                let end = text[start...].firstIndex { !digits.contains($0) && $0 != UInt8(ascii: ".") } ?? text.count
                text.replaceSubrange(start..<end, with: Array(pieces.randomElement(using: &random)!.utf8))
            }
            if text.isEmpty { break }
        }
        return text
    }
}
