import Events

/// Tells model files apart by their first bytes, so that what is not read is refused by its name.
enum ModelContent {
    /// The longest model file that is read.
    static let bytesMax = 1 << 30
    static let jsonDepthMax = 128

    /// Reads a file by the reader of its format.
    static func load(_ bytes: UnsafeRawBufferPointer, options: ModelOptions) throws(ModelFailure) -> LoadedModel {
        if UBJSONDocument.begins(bytes) {
            return try XGBoostReader.load(
                ubjson(bytes), format: .xgboostUBJSON, iterations: options.iterations, limits: options.limits)
        }
        if LightGBMText.looksLike(bytes), bytes.count <= bytesMax {
            return try LightGBMText.load(bytes, limits: options.limits)
        }
        if bytes.count <= bytesMax, ONNXModel.isONNX(bytes) { return try ONNXModel.load(bytes, limits: options.limits) }
        let root = try json(bytes)
        if IsolationForestReader.isIsolationForest(root) {
            return try IsolationForestReader.load(root, limits: options.limits)
        }
        guard root.member("learner") != nil else { throw otherJSON(root) }
        return try XGBoostReader.load(
            root, format: .xgboostJSON, iterations: options.iterations, limits: options.limits)
    }

    /// The file as UBJSON that looks like an XGBoost model.
    static func ubjson(_ bytes: UnsafeRawBufferPointer) throws(ModelFailure) -> ModelField {
        guard bytes.count <= bytesMax else {
            throw ModelFailure(.tooLarge, "\(bytes.count) bytes, where at most \(bytesMax) are read")
        }
        let root = ModelField(try UBJSONDocument(parsing: bytes, depthMax: jsonDepthMax))
        guard root.member("learner") != nil else {
            throw ModelFailure(
                .unknownFormat, "UBJSON, but without XGBoost's field \"learner\"",
                suggestion: "save an XGBoost model with save_model(\"model.ubj\")")
        }
        return root
    }

    /// The file as JSON, or a failure that names what it is instead.
    static func json(_ bytes: UnsafeRawBufferPointer) throws(ModelFailure) -> ModelField {
        guard bytes.count <= bytesMax else {
            throw ModelFailure(.tooLarge, "\(bytes.count) bytes, where at most \(bytesMax) are read")
        }
        guard !bytes.isEmpty else { throw ModelFailure(.unknownFormat, "the file is empty") }
        if let other = otherFormat(bytes) {
            throw ModelFailure(.unsupportedFormat, "\(other.name) is not supported", suggestion: other.suggestion)
        }
        guard let first = bytes.first(where: { !isSpace($0) }), first == UInt8(ascii: "{") else {
            throw ModelFailure(
                .unknownFormat, "the content is of no known kind",
                suggestion: "save an XGBoost model with save_model(\"model.json\")")
        }
        let limits = JSONDocument.Limits(bytesMax: bytesMax, depthMax: jsonDepthMax)
        let document: JSONDocument
        do {
            // XGBoost writes NaN for statistics that it could not compute, and for thresholds that it does not use.
            document = try JSONDocument(
                parsing: bytes, limits: limits,
                dialect: .init(rejectsDuplicateKeys: true, acceptsNonFiniteWords: true))
        } catch {
            throw ModelFailure(.malformed, error.message)
        }
        return ModelField(document)
    }

    private static func otherJSON(_ root: ModelField) -> ModelFailure {
        if root.member("oblivious_trees") != nil || root.member("features_info") != nil {
            return ModelFailure(.unsupportedFormat, "CatBoost JSON is not supported")
        }
        if root.member("tree_info") != nil, root.member("feature_names") != nil {
            return ModelFailure(.unsupportedFormat, "a LightGBM JSON dump is not supported")
        }
        return ModelFailure(
            .unknownFormat, "JSON, but without XGBoost's field \"learner\"",
            suggestion: "save an XGBoost model with save_model(\"model.json\")")
    }

    private struct Format {
        let name: String
        let suggestion: String?
        let prefixes: [[UInt8]]

        init(_ name: String, _ prefixes: [[UInt8]], suggestion: String? = nil) {
            self.name = name
            self.prefixes = prefixes
            self.suggestion = suggestion
        }
    }

    private static let asJSON = "save it with save_model(\"model.json\")"

    private static let others: [Format] = [
        Format("XGBoost's old binary form", [Array("binf".utf8)], suggestion: asJSON),
        Format("an XGBoost text dump", [Array("booster[".utf8)], suggestion: asJSON),
        Format("a JSON list (an XGBoost dump?)", [Array("[".utf8)], suggestion: asJSON),
        Format("a Python pickle", (2...5).map { [0x80, $0] }, suggestion: asJSON),
        Format("a gzip file", [[0x1F, 0x8B]], suggestion: "decompress it"),
        Format("a zip archive", [Array("PK".utf8)], suggestion: "unpack it"),
        Format("CatBoost's binary form", [Array("CBM1".utf8)]),
        Format("PMML or other XML", [Array("<".utf8)]),
    ]

    private static func otherFormat(_ bytes: UnsafeRawBufferPointer) -> Format? {
        others.first { $0.prefixes.contains { bytes.starts(with: $0) } }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
