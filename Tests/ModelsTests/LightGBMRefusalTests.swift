import Foundation
import Testing

@testable import Models

/// What is wrong with a LightGBM file is refused with a code and the place.
@Suite struct LightGBMRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var from: String
        var to: String
        var code: ModelFailure.Code
        var place: String?

        init(_ change: String, _ from: String, _ to: String, _ code: ModelFailure.Code, _ place: String? = nil) {
            testDescription = change
            self.from = from
            self.to = to
            self.code = code
            self.place = place
        }
    }

    static let good = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        label_index=0
        max_feature_idx=1
        objective=binary sigmoid:1
        feature_names=a b
        feature_infos=[0:1] [0:9]
        tree_sizes=300 300

        Tree=0
        num_leaves=4
        num_cat=1
        split_feature=0 1 0
        threshold=0.5 0 1.5
        decision_type=2 1 10
        left_child=1 -1 -3
        right_child=2 -2 -4
        leaf_value=0.1 -0.2 0.3 0.4
        leaf_count=10 20 30 40
        internal_count=100 30 70
        cat_boundaries=0 2
        cat_threshold=5 1
        is_linear=0
        shrinkage=1


        Tree=1
        num_leaves=2
        num_cat=0
        split_feature=1
        threshold=0.25
        decision_type=2
        left_child=-1
        right_child=-2
        leaf_value=0.5 -0.5
        is_linear=1
        leaf_const=0.1 0.2
        num_features=1 0
        leaf_features=0  \n\
        leaf_coeff=0.5  \n\
        shrinkage=0.1


        end of trees

        """

    static let cases: [Case] = [
        Case("a child outside", "left_child=1 -1 -3", "left_child=9 -1 -3", .childOutOfRange, "tree 0, split 9"),
        Case("a leaf outside", "left_child=1 -1 -3", "left_child=1 -1 -9", .childOutOfRange, "tree 0, leaf 8"),
        Case("a cycle", "left_child=1 -1 -3", "left_child=0 -1 -3", .nodeReachedTwice, "tree 0, split 0"),
        Case(
            "a leaf with two parents", "left_child=1 -1 -3", "left_child=1 -2 -3", .nodeReachedTwice, "tree 0, leaf 1"),
        Case(
            "the least child", "left_child=1 -1 -3", "left_child=1 -1 -2147483648",
            .childOutOfRange, "tree 0, leaf 2147483647"),
        Case("a feature outside", "split_feature=0 1 0", "split_feature=0 2 0", .featureOutOfRange, "tree 0, split 1"),
        Case(
            "a negative feature", "split_feature=0 1 0", "split_feature=0 -1 0", .featureOutOfRange, "tree 0, split 1"),
        Case("a threshold that is NaN", "threshold=0.5", "threshold=nan", .thresholdNotANumber, "tree 0, split 0"),
        Case("a leaf that is NaN", "leaf_value=0.1", "leaf_value=nan", .leafNotFinite, "tree 0, leaf 0"),
        Case("an infinite leaf", "leaf_value=0.1", "leaf_value=-inf", .leafNotFinite, "tree 0, leaf 0"),
        Case("a leaf beyond float64", "leaf_value=0.1", "leaf_value=1e999", .leafNotFinite, "tree 0, leaf 0"),
        Case("too few leaves", "leaf_value=0.1 -0.2 0.3 0.4", "leaf_value=0.1 -0.2", .wrongLength, "tree 0"),
        Case("too many leaves", "leaf_value=0.1", "leaf_value=0.1 0.1", .wrongLength, "tree 0"),
        Case("a billion leaves", "num_leaves=4", "num_leaves=1000000000", .wrongLength, "tree 0"),
        Case("no leaves", "num_leaves=4", "num_leaves=0", .badNumber, "tree 0"),
        Case("a count that is no number", "num_leaves=4", "num_leaves=four", .badNumber, "tree 0"),
        Case("a count beyond 64 bits", "num_leaves=4", "num_leaves=99999999999999999999", .badNumber, "tree 0"),
        Case("a word for a number", "threshold=0.5", "threshold=high", .badNumber, "tree 0"),
        Case("a child beyond 32 bits", "left_child=1", "left_child=4294967296", .badNumber, "tree 0"),
        Case("no thresholds", "threshold=0.5 0 1.5\n", "", .missingField, "tree 0"),
        Case("no leaf values", "leaf_value=0.1 -0.2 0.3 0.4\n", "", .missingField, "tree 0"),
        Case("a field twice", "shrinkage=1\n", "shrinkage=1\nthreshold=1 1 1\n", .malformed, "tree 0"),
        Case("a decision type outside", "decision_type=2 1 10", "decision_type=2 1 128", .badNumber, "tree 0"),
        Case("a negative decision type", "decision_type=2 1 10", "decision_type=2 1 -1", .badNumber, "tree 0"),
        Case("a missing type of 3", "decision_type=2 1 10", "decision_type=2 1 14", .unsupportedConstruct, "tree 0"),
        Case("a category set outside", "threshold=0.5 0 1.5", "threshold=0.5 1 1.5", .wrongLength, "tree 0"),
        Case("a negative category set", "threshold=0.5 0 1.5", "threshold=0.5 -1 1.5", .wrongLength, "tree 0"),
        Case("a category set that is NaN", "threshold=0.5 0 1.5", "threshold=0.5 nan 1.5", .wrongLength, "tree 0"),
        Case("sets without words", "cat_threshold=5 1", "cat_threshold=5", .wrongLength, "tree 0"),
        Case("bounds that fall", "cat_boundaries=0 2", "cat_boundaries=2 0", .wrongLength, "tree 0"),
        Case("negative bounds", "cat_boundaries=0 2", "cat_boundaries=-1 2", .wrongLength, "tree 0"),
        Case("a billion sets", "num_cat=1", "num_cat=1000000000", .wrongLength, "tree 0"),
        Case("more sets than an integer", "num_cat=1", "num_cat=9223372036854775807", .badNumber, "tree 0"),
        Case("a linear feature outside", "leaf_features=0", "leaf_features=7", .featureOutOfRange, "tree 1"),
        Case("a linear leaf that is NaN", "leaf_const=0.1", "leaf_const=nan", .leafNotFinite, "tree 1"),
        Case("too many linear terms", "num_features=1 0", "num_features=1 2", .wrongLength, "tree 1"),
        Case("negative linear terms", "num_features=1 0", "num_features=1 -1", .badNumber, "tree 1"),
        Case("terms that overflow", "num_features=1 0", "num_features=2147483647 1", .badNumber, "tree 1"),
        // The header.
        Case("an unknown objective", "objective=binary", "objective=binary_focal", .unsupportedConstruct, "objective"),
        Case("a sigmoid of 0", "sigmoid:1", "sigmoid:0", .badNumber, "objective"),
        Case("no sigmoid", " sigmoid:1", "", .badNumber, "objective"),
        Case(
            "classes that do not fit", "binary sigmoid:1", "multiclass num_class:3",
            .wrongLength, "num_tree_per_iteration"),
        Case("groups that do not fit", "per_iteration=1", "per_iteration=2", .wrongLength, "num_tree_per_iteration"),
        Case("no groups", "per_iteration=1", "per_iteration=0", .tooManyOutputs, "num_tree_per_iteration"),
        Case("too many groups", "per_iteration=1", "per_iteration=99999999", .tooManyOutputs, "num_tree_per_iteration"),
        Case("too many features", "max_feature_idx=1", "max_feature_idx=70000", .tooManyFeatures, "max_feature_idx"),
        Case("no features", "max_feature_idx=1", "max_feature_idx=-1", .tooManyFeatures, "max_feature_idx"),
        Case("a name too few", "feature_names=a b", "feature_names=a", .wrongLength, "feature_names"),
        Case("no names", "feature_names=a b\n", "", .missingField),
        Case("no classes", "num_class=1\n", "", .missingField),
        Case("no version", "version=v4\n", "", .unsupportedFormat, "version"),
        Case("a later version", "version=v4", "version=v5", .unsupportedFormat, "version"),
        Case("a tree too few", "tree_sizes=300 300", "tree_sizes=300 300 300", .wrongLength, "tree_sizes"),
        Case("an early end", "end of trees\n", "", .malformed, "tree 2"),
        Case("something between the trees", "\n\nTree=1", "\n\nThree=1", .malformed, "tree 1"),
    ]

    @Test func theGoodOneLoads() throws {
        let model = try Model.load(Array(Self.good.utf8), path: "")
        let rows: [Double] = [0.4, 2, 0.4, 1, 9, 32, .nan, 0.1]
        let found = model.predictor.outputs(rows, rowCount: 4, stride: 2, batch: 4).raw
        // Categories 0, 2 and 32 are in the set and 1 is not; 0.25 divides the second tree, whose left leaf is linear in `a`.
        #expect(found == [0.1 + 0.2, -0.2 + 0.2, 0.4 + 0.2, 0.1 + 0.5])
    }

    @Test(arguments: cases)
    func refused(_ this: Case) throws {
        let text = Self.good.replacing(this.from, with: this.to, maxReplacements: 1)
        #expect(text != Self.good, "the change changes nothing")
        let failure = #expect(throws: ModelFailure.self) { try Model.load(Array(text.utf8), path: "m.txt") }
        #expect(failure?.code == this.code, "\(failure.map(\.description) ?? "")")
        if let place = this.place { #expect(failure?.place == place) }
    }

    /// Whatever a file is cut down to, it is refused: nothing scores with some of its trees.
    @Test func truncatedFilesAreRefused() throws {
        let bytes = Array(Self.good.utf8)
        let end = Self.good.range(of: "end of trees")!.lowerBound.utf16Offset(in: Self.good)
        for length in 0..<end + 12 {
            #expect(throws: ModelFailure.self, "\(length) bytes") { try Model.load(Array(bytes[..<length]), path: "") }
        }
    }
}
