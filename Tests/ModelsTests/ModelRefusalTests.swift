import Testing

@testable import Models

/// Loading is a trust boundary: what is wrong with a file is refused with a code and the place.
@Suite struct ModelRefusalTests {
    /// One change to a good model, and how it is refused.
    struct Case: Sendable, CustomTestStringConvertible {
        var change: String
        var from: String
        var to: String
        var code: ModelFailure.Code
        var place: String?

        init(_ change: String, _ from: String, _ to: String, _ code: ModelFailure.Code, _ place: String? = nil) {
            self.change = change
            self.from = from
            self.to = to
            self.code = code
            self.place = place
        }

        var testDescription: String { change }
    }

    /// Two trees: a root with a split and three leaves below, then a stump.
    static let good = """
        {"learner":{"attributes":{"best_iteration":"1"},"feature_names":["a","b"],"feature_types":["float","float"],
        "gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"2"},
        "iteration_indptr":[0,1,2],"tree_info":[0,0],"trees":[
        {"default_left":[1,0,0,0,0],"id":0,"left_children":[1,3,-1,-1,-1],"right_children":[2,4,-1,-1,-1],
        "split_conditions":[5E-1,1.5E0,2E-1,-3E-1,4E-1],"split_indices":[0,1,0,0,0],"split_type":[0,0,0,0,0],
        "tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"5","size_leaf_vector":"1"}},
        {"default_left":[0,0,0],"id":1,"left_children":[1,-1,-1],"right_children":[2,-1,-1],
        "split_conditions":[7E-1,1E-1,-1E-1],"split_indices":[1,0,0],"split_type":[0,0,0],
        "tree_param":{"num_deleted":"0","num_feature":"2","num_nodes":"3","size_leaf_vector":"1"}}
        ]},"name":"gbtree"},
        "learner_model_param":{"base_score":"[2.5E-1]","boost_from_average":"1","num_class":"0","num_feature":"2",
        "num_target":"1"},"objective":{"name":"binary:logistic"}},"version":[3,2,0]}
        """

    static let cases: [Case] = [
        // The trees' shape.
        Case("a child outside", "[1,3,-1,-1,-1]", "[1,99,-1,-1,-1]", .childOutOfRange, "tree 0, node 1"),
        Case("a child far outside", "[1,3,-1,-1,-1]", "[1,2147483647,-1,-1,-1]", .childOutOfRange, "tree 0, node 1"),
        Case("a negative child", "[1,3,-1,-1,-1]", "[1,-2,-1,-1,-1]", .childOutOfRange, "tree 0, node 1"),
        Case("half a leaf", "[2,4,-1,-1,-1]", "[2,4,-1,-1,3]", .childOutOfRange, "tree 0, node 4"),
        Case("a cycle to the root", "[1,3,-1,-1,-1]", "[1,0,-1,-1,-1]", .nodeReachedTwice, "tree 0, node 1"),
        Case("a node that is its own child", "[1,3,-1,-1,-1]", "[1,1,-1,-1,-1]", .nodeReachedTwice, "tree 0, node 1"),
        Case("a node with two parents", "[1,3,-1,-1,-1]", "[1,2,-1,-1,-1]", .nodeReachedTwice, "tree 0, node 1"),
        Case("the same child twice", "[2,4,-1,-1,-1]", "[2,3,-1,-1,-1]", .nodeReachedTwice, "tree 0, node 1"),
        Case("a feature outside", "[0,1,0,0,0]", "[0,2,0,0,0]", .featureOutOfRange, "tree 0, node 1"),
        Case("a negative feature", "[0,1,0,0,0]", "[0,-1,0,0,0]", .featureOutOfRange, "tree 0, node 1"),
        Case("a threshold that is NaN", "[5E-1,1.5E0", "[5E-1,NaN", .thresholdNotANumber, "tree 0, node 1"),
        Case("a leaf that is NaN", "1.5E0,2E-1", "1.5E0,NaN", .leafNotFinite, "tree 0, node 2"),
        Case("an infinite leaf", "1.5E0,2E-1", "1.5E0,-Infinity", .leafNotFinite, "tree 0, node 2"),
        Case("a leaf beyond float32", "1.5E0,2E-1", "1.5E0,2E99", .leafNotFinite, "tree 0, node 2"),
        Case("a default direction of 2", "[1,0,0,0,0]", "[1,2,0,0,0]", .wrongType, "tree 0, node 1"),
        // Lengths and counts.
        Case("too few right children", "[2,4,-1,-1,-1]", "[2,4,-1,-1]", .wrongLength, "tree 0"),
        Case("too many thresholds", "[5E-1,", "[5E-1,1E0,", .wrongLength, "tree 0"),
        Case("no default directions", "[1,0,0,0,0]", "[]", .wrongLength, "tree 0"),
        Case("too few split types", "\"split_type\":[0,0,0]", "\"split_type\":[0,0]", .wrongLength, "tree 1"),
        Case("a billion nodes", "\"num_nodes\":\"5\"", "\"num_nodes\":\"1000000000\"", .wrongLength, "tree 0"),
        Case(
            "a billion trees", "\"num_trees\":\"2\"", "\"num_trees\":\"1000000000\"", .wrongLength,
            "learner.gradient_booster.model"),
        Case(
            "groups of too few trees", "\"tree_info\":[0,0]", "\"tree_info\":[0]", .wrongLength,
            "learner.gradient_booster.model"),
        Case("a group outside", "\"tree_info\":[0,0]", "\"tree_info\":[0,1]", .groupOutOfRange, "tree 1"),
        Case(
            "rounds beyond the trees", "[0,1,2]", "[0,1,3]", .badIteration,
            "learner.gradient_booster.model.iteration_indptr"),
        Case(
            "rounds that run back", "[0,1,2]", "[0,3,2]", .badIteration,
            "learner.gradient_booster.model.iteration_indptr"),
        Case("no rounds", "[0,1,2]", "[]", .badIteration, "learner.gradient_booster.model.iteration_indptr"),
        Case(
            "a best iteration outside", "\"best_iteration\":\"1\"", "\"best_iteration\":\"2\"", .badIteration,
            "learner.attributes.best_iteration"),
        Case(
            "a best iteration that is no number", "\"best_iteration\":\"1\"", "\"best_iteration\":\"x\"", .badNumber,
            "learner.attributes.best_iteration"),
        // Parameters.
        Case(
            "an absurd number of features", "\"num_feature\":\"2\",\n", "\"num_feature\":\"4000000000\",\n",
            .tooManyFeatures, "learner.learner_model_param.num_feature"),
        Case(
            "a negative number of features", "\"num_feature\":\"2\",\n", "\"num_feature\":\"-2\",\n", .tooManyFeatures,
            "learner.learner_model_param.num_feature"),
        Case("a missing name", "[\"a\",\"b\"]", "[\"a\"]", .wrongLength, "learner.feature_names"),
        Case("a name that is no text", "[\"a\",\"b\"]", "[\"a\",7]", .wrongType, "learner.feature_names[1]"),
        Case(
            "an absurd number of classes", "\"num_class\":\"0\"", "\"num_class\":\"1000000000\"", .tooManyOutputs,
            "learner.learner_model_param"),
        Case(
            "a number beyond 64 bits", "\"num_class\":\"0\"", "\"num_class\":\"99999999999999999999\"", .badNumber,
            "learner.learner_model_param.num_class"),
        Case(
            "a base score above 1", "[2.5E-1]", "[1.5E0]", .baseScoreOutOfRange,
            "learner.learner_model_param.base_score"),
        Case(
            "a base score that is NaN", "[2.5E-1]", "[nan]", .badNumber, "learner.learner_model_param.base_score"),
        Case(
            "a hexadecimal base score", "[2.5E-1]", "0x1p-2", .badNumber, "learner.learner_model_param.base_score"),
        Case("a list without an end", "[2.5E-1]", "[2.5E-1", .badNumber, "learner.learner_model_param.base_score"),
        Case("no base score", "[2.5E-1]", "[]", .badNumber, "learner.learner_model_param.base_score"),
        Case(
            "two base scores", "[2.5E-1]", "[2.5E-1,2.5E-1]", .wrongLength, "learner.learner_model_param.base_score"),
        // Types and names.
        Case(
            "children as text", "[1,3,-1,-1,-1]", "\"1\"", .wrongType,
            "learner.gradient_booster.model.trees[0].left_children"),
        Case(
            "a child as text", "[1,3,-1,-1,-1]", "[1,\"3\",-1,-1,-1]", .wrongType,
            "learner.gradient_booster.model.trees[0].left_children[1]"),
        Case(
            "a child with a fraction", "[1,3,-1,-1,-1]", "[1,3.0,-1,-1,-1]", .wrongType,
            "learner.gradient_booster.model.trees[0].left_children[1]"),
        Case(
            "a child beyond 32 bits", "[1,3,-1,-1,-1]", "[1,4294967297,-1,-1,-1]", .wrongType,
            "learner.gradient_booster.model.trees[0].left_children[1]"),
        Case(
            "a threshold that is null", "[5E-1,1.5E0", "[5E-1,null", .wrongType,
            "learner.gradient_booster.model.trees[0].split_conditions[1]"),
        Case("no children", "\"left_children\"", "\"left\"", .missingField, "learner.gradient_booster.model.trees[0]"),
        Case("no objective", "\"objective\"", "\"goal\"", .missingField, "learner"),
        Case(
            "another objective", "binary:logistic", "binary:magic", .unsupportedConstruct, "learner.objective.name"),
        Case(
            "another booster", "\"name\":\"gbtree\"", "\"name\":\"gbforest\"", .unsupportedConstruct,
            "learner.gradient_booster.name"),
        Case(
            "a categorical split without categories", "\"split_type\":[0,0,0,0,0]", "\"split_type\":[0,1,0,0,0]",
            .missingField, "learner.gradient_booster.model.trees[0]"),
        Case(
            "a split of a kind that there is not", "\"split_type\":[0,0,0,0,0]", "\"split_type\":[0,2,0,0,0]",
            .unsupportedConstruct, "tree 0, node 1"),
        Case(
            "a category below 0", "\"split_type\":[0,0,0,0,0]", categories("[-1]", start: 0, size: 1), .badNumber,
            "tree 0, node 1"),
        Case(
            "a category beyond float32", "\"split_type\":[0,0,0,0,0]", categories("[16777216]", start: 0, size: 1),
            .badNumber, "tree 0, node 1"),
        Case(
            "categories beyond the list", "\"split_type\":[0,0,0,0,0]", categories("[3,4]", start: 1, size: 2),
            .wrongLength, "tree 0, node 1"),
        Case(
            "a set without categories", "\"split_type\":[0,0,0,0,0]", categories("[3,4]", start: 1, size: 0),
            .wrongLength, "tree 0, node 1"),
        Case(
            "vectors in the leaves of a model of one target", "\"num_nodes\":\"3\",\"size_leaf_vector\":\"1\"",
            "\"num_nodes\":\"3\",\"size_leaf_vector\":\"3\"", .wrongLength, "tree 1"),
        Case("an old version", "[3,2,0]", "[1,6,2]", .unsupportedFormat, "version"),
        Case("half a version", "[3,2,0]", "[3]", .wrongLength, "version"),
        Case("a key twice", "\"attributes\"", "\"version\":1,\"version\":1,\"attributes\"", .malformed),
        Case("something behind the model", "\"version\":[3,2,0]}", "\"version\":[3,2,0]} x", .malformed),
    ]

    /// In place of the split types of the first tree: node 1 has a set.
    private static func categories(_ list: String, start: Int, size: Int) -> String {
        """
        "split_type":[0,1,0,0,0],"categories":\(list),"categories_nodes":[1],"categories_segments":[\(start)],
        "categories_sizes":[\(size)]
        """
    }

    @Test func theGoodModelLoads() throws {
        let model = try Self.load(Self.good)
        #expect(model.roundsUsed == 2)
        #expect(model.forest!.trees.map(\.leafCount) == [3, 2])
        // x0 = 0 goes left, x1 = 2 right (.4); then right (-.1); the base margin is that of .25.
        let margins = model.forestPredictor.margins([0, 2], rowCount: 1, stride: 2, batch: 1)
        #expect(margins == [model.forest!.baseMargins[0] + 0.4 + -0.1])
    }

    @Test(arguments: cases)
    func aChangeIsRefused(_ change: Case) throws {
        let text = Self.good.replacing(change.from, with: change.to, maxReplacements: 1)
        try #require(text != Self.good)
        let failure = try #require(throws: ModelFailure.self) { _ = try Self.load(text) }
        #expect(failure.code == change.code, "\(failure)")
        #expect(failure.place == change.place, "\(failure)")
        #expect(failure.path == "model.json")
        #expect(failure.description.hasPrefix("model.json: "))
        #expect(failure.description.contains("[\(change.code.rawValue)]"))
    }

    @Test func legalChangesLoad() throws {
        let changes = [
            ("[2.5E-1]", "2.5E-1"), ("[1,0,0,0,0]", "[true,false,false,false,false]"),
            ("5E-1,1.5E0", "Infinity,-Infinity"), ("5E-1,1.5E0", "1,2"), ("\"split_type\":[0,0,0,0,0],", ""),
            ("\"iteration_indptr\":[0,1,2],", ""), ("[\"a\",\"b\"]", "[]"), ("[3,2,0]", "[1,7,6]"),
            ("\"num_trees\":\"2\"", "\"num_trees\":2"), ("[2.5E-1]", "[1E0]"),
            ("\"split_type\":[0,0,0,0,0]", Self.categories("[0,16777215]", start: 1, size: 1)),
        ]
        for (from, to) in changes {
            let text = Self.good.replacing(from, with: to, maxReplacements: 1)
            try #require(text != Self.good)
            #expect(throws: Never.self, "\(from) -> \(to)") { _ = try Self.load(text) }
        }
    }

    /// Every beginning of a model is refused, none of them loads by accident.
    @Test func truncatedModelsAreRefused() throws {
        for length in 0..<Self.good.utf8.count {
            let start = Array(Self.good.utf8.prefix(length))
            #expect(throws: ModelFailure.self, "\(length) bytes") { _ = try Model.load(start, path: "") }
        }
    }

    @Test func deepNestingIsRefused() throws {
        for bracket in ["[", "{\"a\":"] {
            let text = Self.good.replacing("[0,1,2]", with: String(repeating: bracket, count: 100_000))
            let failure = try #require(throws: ModelFailure.self) { _ = try Self.load(text) }
            #expect(failure.code == .malformed)
            #expect(failure.message.contains("deeper than 128"))
        }
    }

    @Test func setsOfCategoriesAreBounded() throws {
        let text = Self.good.replacing(
            "\"split_type\":[0,0,0,0,0]", with: Self.categories("[3200]", start: 0, size: 1), maxReplacements: 1)
        for (words, isEnough) in [(101, true), (100, false)] {
            let options = ModelOptions(limits: ForestLimits(categoryWordsMax: words))
            let loaded = Result { try Model.load(Array(text.utf8), path: "", options: options) }
            #expect(((try? loaded.get()) != nil) == isEnough, "\(words) words")
        }
    }

    @Test func limitsHold() throws {
        func refusal(_ limits: ForestLimits) throws -> ModelFailure.Code {
            try #require(throws: ModelFailure.self) {
                _ = try Model.load(Array(Self.good.utf8), path: "", options: .init(limits: limits))
            }.code
        }
        #expect(try refusal(ForestLimits(treesMax: 1)) == .tooManyTrees)
        #expect(try refusal(ForestLimits(nodesMax: 7)) == .tooManyNodes)
        #expect(try refusal(ForestLimits(depthMax: 1)) == .treeTooDeep)
        #expect(try refusal(ForestLimits(featuresMax: 1)) == .tooManyFeatures)
        let exact = ForestLimits(treesMax: 2, nodesMax: 8, depthMax: 2, featuresMax: 2, groupsMax: 1)
        #expect(throws: Never.self) {
            _ = try Model.load(Array(Self.good.utf8), path: "", options: .init(limits: exact))
        }
    }

    private static let otherFormats: [(bytes: [UInt8], name: String)] = {
        let texts = [
            ("tree\nversion=v4\n", "LightGBM"), ("binf\0", "binary"),
            ("PK\u{3}\u{4}", "zip"), ("[{\"nodeid\": 0}]", "list"), ("booster[0]:\n0:[f0<1]", "dump"),
            ("CBM1", "CatBoost"), ("{\"oblivious_trees\":[]}", "CatBoost"), ("<PMML>", "PMML"),
            ("\u{8}\u{9}\u{12}\u{8}skl2onnx", "ONNX"),
        ]
        let binary: [(bytes: [UInt8], name: String)] = [([0x80, 0x04, 0x95], "pickle"), ([0x1F, 0x8B, 0x08], "gzip")]
        return texts.map { (Array($0.0.utf8), $0.1) } + binary
    }()

    @Test(arguments: otherFormats)
    func otherFormatsAreNamed(bytes: [UInt8], name: String) throws {
        let failure = try #require(throws: ModelFailure.self) { _ = try Model.load(bytes, path: "m") }
        #expect(failure.code == .unsupportedFormat, "\(failure)")
        #expect(failure.message.contains(name), "\(failure)")
    }

    @Test(arguments: ["", " ", "hello", "{}", "{\"learner\"", "\u{FEFF}{}", "null", "\0\0\0\0"])
    func unknownContentIsRefused(text: String) throws {
        let failure = try #require(throws: ModelFailure.self) { _ = try Self.load(text) }
        #expect([.unknownFormat, .malformed].contains(failure.code), "\(failure)")
    }

    @Test func anOutputMustBeChosenAmongSeveral() throws {
        let bytes = try FixtureFiles.bytes("\(FixtureFiles.folder)/softprob.json")
        for output in [nil, 3, -1] {
            let failure = try #require(throws: ModelFailure.self) {
                _ = try Model.load(bytes, path: "", options: .init(output: output))
            }
            #expect(failure.code == .badOutput)
            #expect(failure.suggestion == "set `output` to a number from 0 to 2")
        }
        #expect(try Model.load(bytes, path: "", options: .init(output: 2)).output == 2)
        // The number of the greatest class is one output.
        let classes = try FixtureFiles.bytes("\(FixtureFiles.folder)/softmax.json")
        #expect(try Model.load(classes, path: "").outputCount == 1)
    }

    static func load(_ text: String) throws -> Model {
        try Model.load(Array(text.utf8), path: "model.json")
    }
}
