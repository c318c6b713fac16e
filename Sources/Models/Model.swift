import Events

/// The kinds of model file that are read.
public enum ModelFormat: String, Hashable, Sendable, CaseIterable {
    case xgboostJSON = "xgboost-json"
}

/// What a pipeline says about its model beside the file.
public struct ModelOptions: Hashable, Sendable {
    /// Which rounds of an early-stopped model score.
    public var iterations: Iterations
    /// Which output is the score; needed where the model has several (the class whose probability is wanted).
    public var output: Int?
    public var limits: ForestLimits

    public init(iterations: Iterations = .best, output: Int? = nil, limits: ForestLimits = ForestLimits()) {
        self.iterations = iterations
        self.output = output
        self.limits = limits
    }
}

/// A loaded model as the engine uses it: immutable, shared by all workers.
public final class Model: Sendable {
    public let format: ModelFormat
    /// The library's own name for what was trained, as in the file.
    public let objective: String
    /// The version of the library that wrote the file.
    public let libraryVersion: String
    /// In input order; empty where the file has none.
    public let featureNames: [String]
    public let featureCount: Int
    /// Predictions a row.
    public let outputCount: Int
    /// Which of them is the score.
    public let output: Int
    /// Boosting rounds in the file, and how many of them score.
    public let roundCount: Int
    public let roundsUsed: Int
    public let forest: Forest
    public let predictor: ForestPredictor

    /// Margins of as many rows at a time as fit stand here where a row has several outputs.
    private typealias Scratch = InlineArray<4_096, Float>
    private static let scratchFloats = 4_096

    /// Reads a model file's bytes; the format is found from its content. `path` is only for messages.
    ///
    /// The bytes are not trusted: whatever they are, this returns or throws. It allocates up to about 30 times their
    /// size.
    public static func load(
        bytes: UnsafeRawBufferPointer, path: String, options: ModelOptions = ModelOptions()
    ) throws(ModelFailure) -> Model {
        do {
            let root = try ModelContent.json(bytes)
            return try Model(
                try XGBoostJSON.load(root, iterations: options.iterations, limits: options.limits), options: options)
        } catch {
            var failure = error
            failure.path = path
            throw failure
        }
    }

    /// Reads a model that is held as an array; see `load(bytes:path:options:)`.
    public static func load(
        _ content: [UInt8], path: String, options: ModelOptions = ModelOptions()
    ) throws(ModelFailure) -> Model {
        let result = content.withUnsafeBytes { bytes in
            Result { () throws(ModelFailure) in try load(bytes: bytes, path: path, options: options) }
        }
        return try result.get()
    }

    private init(_ loaded: XGBoostJSON.Loaded, options: ModelOptions) throws(ModelFailure) {
        forest = loaded.forest
        output = try Self.output(loaded.forest, chosen: options.output)
        predictor = ForestPredictor(loaded.forest)
        format = .xgboostJSON
        objective = loaded.objective
        libraryVersion = loaded.libraryVersion
        featureNames = loaded.forest.featureNames
        featureCount = loaded.forest.featureCount
        outputCount = loaded.forest.outputCount
        roundCount = loaded.roundCount
        roundsUsed = loaded.roundsUsed
    }

    private static func output(_ forest: Forest, chosen: Int?) throws(ModelFailure) -> Int {
        let count = forest.outputCount
        guard let chosen else {
            guard count == 1 else {
                throw ModelFailure(
                    .badOutput, "the model has \(count) outputs and the pipeline names none as the score",
                    suggestion: "set `output` to a number from 0 to \(count - 1)")
            }
            return 0
        }
        guard (0..<count).contains(chosen) else {
            throw ModelFailure(
                .badOutput, "output \(chosen), where the model has \(count)",
                suggestion: "set `output` to a number from 0 to \(count - 1)")
        }
        return chosen
    }

    /// Writes one score a row: called once per slice of a batch, from any thread, with `scores` of its own.
    ///
    /// `rows` is row-major, `stride` (at least `featureCount`) floats from row to row; NaN is a missing value.
    ///
    /// Complexity: O(rows x trees x depth), no allocation.
    public func score(
        rows: UnsafePointer<Float>, rowCount: Int, stride: Int, into scores: UnsafeMutablePointer<Float>
    ) {
        if predictor.groupCount == 1 {
            predictor.predict(rows: rows, rowCount: rowCount, stride: stride, into: scores)
            return
        }
        let rowsAtOnce = Self.scratchFloats / predictor.groupCount
        var scratch = Scratch(repeating: 0)
        withUnsafeMutableBytes(of: &scratch) { bytes in
            let margins = bytes.baseAddress!.assumingMemoryBound(to: Float.self)
            var start = 0
            while start < rowCount {
                let count = min(rowsAtOnce, rowCount &- start)
                predictor.predict(rows: rows + start &* stride, rowCount: count, stride: stride, into: margins)
                for row in 0..<count { scores[start &+ row] = margins[row &* outputCount &+ output] }
                start &+= count
            }
        }
    }
}
