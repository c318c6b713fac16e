import Events

/// The kinds of model file that are read.
public enum ModelFormat: String, Hashable, Sendable, CaseIterable, Encodable {
    case xgboostJSON = "xgboost-json"
    case xgboostUBJSON = "xgboost-ubjson"
    case lightgbmText = "lightgbm-text"
    case onnx
}

/// What a pipeline says about its model beside the file.
public struct ModelOptions: Hashable, Sendable {
    /// Which rounds of an early-stopped model score.
    public var iterations: Iterations
    /// Which output is the score; needed where the model has several (the class whose probability is wanted).
    public var output: Int?
    /// A value that counts as missing beside NaN, as `missing=` did in training; model files do not keep it. A model of
    /// single precision compares in float32, as its library does.
    public var missing: Double?
    public var limits: ForestLimits

    public init(
        iterations: Iterations = .best, output: Int? = nil, missing: Double? = nil,
        limits: ForestLimits = ForestLimits()
    ) {
        self.iterations = iterations
        self.output = output
        self.missing = missing
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
    public let predictor: any Predictor
    /// The trees of an ensemble in float32; `nil` for other kinds.
    public let forest: Forest?
    /// What else whoever feeds the model has to know (which inputs are codes of categories), a sentence each.
    public let notes: [String]

    /// Predictions of as many rows at a time as fit stand here where a row has several.
    private typealias Scratch = InlineArray<2_048, Double>
    private static let scratchCount = 2_048

    public var precision: Precision { predictor.precision }

    /// Reads a model file's bytes; the format is found from its content. `path` is only for messages.
    ///
    /// The bytes are not trusted: whatever they are, this returns or throws. It allocates up to about 30 times their
    /// size.
    public static func load(
        bytes: UnsafeRawBufferPointer, path: String, options: ModelOptions = ModelOptions()
    ) throws(ModelFailure) -> Model {
        do {
            var loaded = try ModelContent.load(bytes, options: options)
            if let missing = options.missing, !missing.isNaN {
                loaded.predictor = MissingValuePredictor(loaded.predictor, missing: missing)
            }
            return try Model(loaded, output: options.output)
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

    private init(_ loaded: LoadedModel, output chosen: Int?) throws(ModelFailure) {
        predictor = loaded.predictor
        forest = loaded.forest
        notes = loaded.notes
        outputCount = predictor.outputCount
        output = try Self.output(of: predictor.outputCount, chosen: chosen ?? loaded.standardOutput)
        format = loaded.format
        objective = loaded.objective
        libraryVersion = loaded.libraryVersion
        featureNames = loaded.featureNames
        featureCount = predictor.featureCount
        roundCount = loaded.roundCount
        roundsUsed = loaded.roundsUsed
    }

    private static func output(of count: Int, chosen: Int?) throws(ModelFailure) -> Int {
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
    /// - Parameters:
    ///   - rows: row-major, `stride` (at least `featureCount`) numbers from row to row; NaN is a missing value.
    ///   - scores: with `Precision.single` each is a float32.
    ///
    /// Complexity: that of the predictor; no allocation.
    public func score(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, into scores: UnsafeMutablePointer<Double>
    ) {
        if outputCount == 1 {
            predictor.predict(rows: rows, rowCount: rowCount, stride: stride, raw: nil, predictions: scores)
            return
        }
        let rowsAtOnce = Self.scratchCount / outputCount
        if rowsAtOnce == 0 {
            let outputs = UnsafeMutablePointer<Double>.allocate(capacity: outputCount)
            score(Rows(start: rows, count: rowCount, stride: stride), atOnce: 1, by: outputs, into: scores)
            outputs.deallocate()
            return
        }
        var scratch = Scratch(repeating: 0)
        withUnsafeMutableBytes(of: &scratch) { bytes in
            score(
                Rows(start: rows, count: rowCount, stride: stride), atOnce: rowsAtOnce,
                by: bytes.baseAddress!.assumingMemoryBound(to: Double.self), into: scores)
        }
    }

    private struct Rows {
        let start: UnsafePointer<Double>
        let count: Int
        let stride: Int
    }

    private func score(
        _ rows: Rows, atOnce: Int, by outputs: UnsafeMutablePointer<Double>, into scores: UnsafeMutablePointer<Double>
    ) {
        var start = 0
        while start < rows.count {
            let count = min(atOnce, rows.count &- start)
            predictor.predict(
                rows: rows.start + start &* rows.stride, rowCount: count, stride: rows.stride, raw: nil,
                predictions: outputs)
            for row in 0..<count { scores[start &+ row] = outputs[row &* outputCount &+ output] }
            start &+= count
        }
    }
}
