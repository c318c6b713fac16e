import Crypto
public import Diagnostics
public import Features
import Foundation
public import Models

/// A model file that was read and held against the pipeline's features.
public struct ModelBinding: Sendable {
    public let name: String
    public let model: Model
    /// The SHA-256 of the file, 64 hexadecimal digits.
    public let digest: String
    /// The feature behind each of the model's inputs.
    public let inputs: [FeatureIndex]
    /// Where it was read from, and the file as it was then.
    public let path: String
    public let stamp: FileStamp?

    /// `sha256:` and 16 digits: what each score says of its model.
    public var version: String { "sha256:\(digest.prefix(16))" }

    /// The largest model file that is read.
    public static let fileBytesMax = 1 << 30

    /// The bytes of a model file.
    ///
    /// - Throws: `ModelFailure` where it is too large, else the system's error.
    public static func read(_ path: String) throws -> [UInt8] { try readStamped(path).bytes }

    /// The stamp is taken first: who writes to the file meanwhile changes it.
    private static func readStamped(_ path: String) throws -> (bytes: [UInt8], stamp: FileStamp?) {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let stamp = FileStamp(descriptor: file.fileDescriptor)
        let bytes = try file.read(upToCount: fileBytesMax + 1) ?? Data()
        if bytes.count > fileBytesMax {
            throw ModelFailure(.tooLarge, "the file is larger than \(fileBytesMax >> 20) MiB", path: path)
        }
        return ([UInt8](bytes), stamp)
    }
}

extension ModelBinding {
    /// Reads one of a plan's models and checks that its inputs are the pipeline's.
    ///
    /// - Parameters:
    ///   - index: the model's place in the plan.
    ///   - path: a file to read instead of the pipeline's own.
    /// - Returns: the binding, `nil` if something is wrong; and all that was found, warnings too. Without a path every
    ///   problem has its place in the pipeline file.
    public static func bind(
        _ index: Int, of plan: PipelinePlan, overriddenBy path: String? = nil
    ) -> (binding: ModelBinding?, problems: [Diagnostic]) {
        let spec = plan.spec.models[index]
        let place = path ?? spec.path
        let range = path == nil ? spec.file.range : nil
        let found: [Diagnostic]
        do {
            let (bytes, stamp) = try readStamped(place)
            let model = try Model.load(
                bytes, path: place,
                options: ModelOptions(
                    iterations: spec.iterations == .best ? .best : .all, output: spec.output, missing: spec.missing))
            found =
                ModelInputs(model: model.featureNames, count: model.featureCount, plan: plan, index: index, at: range)
                .problems
            if !found.hasErrors {
                let digest = SHA256.hash(data: bytes).map { byte in
                    (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
                let binding = ModelBinding(
                    name: spec.name.value, model: model, digest: digest.joined(), inputs: plan.modelInputs[index],
                    path: place, stamp: stamp)
                return (binding, found.map(plan.spec.redacted))
            }
        } catch let failure as ModelFailure {
            found = [
                Diagnostic(
                    code: failure.code.rawValue,
                    "model file \"\(place)\": \(failure.place.map { "\($0): " } ?? "")\(failure.message)", at: range,
                    suggestion: failure.suggestion)
            ]
        } catch {
            let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            let text = reason.map { String(cString: strerror(Int32($0.code))).lowercased() }
            found = [
                Diagnostic(
                    code: "model-unreadable",
                    "model file \"\(place)\" cannot be read\(text.map { ": \($0)" } ?? "")", at: range,
                    suggestion: path == nil && !spec.file.value.hasPrefix("/")
                        ? "the path is relative to the pipeline file" : nil)
            ]
        }
        return (nil, found.map(plan.spec.redacted))
    }
}

extension PipelineFile {
    /// Reads the models of a plan and checks that their inputs are the pipeline's; adds what is wrong to `diagnostics`.
    ///
    /// - Parameter path: a file to use instead of the pipeline's own; `NAME=FILE` where models have names.
    /// - Returns: one for each model of the plan; `nil` if something is wrong.
    public mutating func bindModels(of plan: PipelinePlan, overriddenBy path: String? = nil) -> [ModelBinding]? {
        var found: [Diagnostic] = []
        var override = path.map { (index: 0, path: $0) }
        if let path, plan.spec.hasNamedModels {
            override = Self.override(path, of: plan.spec.models)
            if override == nil { found.append(Self.wrongOverride(path, plan.spec.models)) }
        }
        var bindings: [ModelBinding] = []
        for index in plan.spec.models.indices {
            let (binding, problems) = ModelBinding.bind(
                index, of: plan, overriddenBy: override?.index == index ? override?.path : nil)
            found += problems
            if let binding { bindings.append(binding) }
        }
        diagnostics = (diagnostics + found).sortedByPosition()
        return found.hasErrors ? nil : bindings
    }

    private static func override(_ text: String, of models: [ModelSpec]) -> (index: Int, path: String)? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        return models.firstIndex { $0.name.value == text[..<equals] }
            .map { ($0, String(text[text.index(after: equals)...])) }
    }

    private static func wrongOverride(_ text: String, _ models: [ModelSpec]) -> Diagnostic {
        Diagnostic(
            code: "unknown-value", "\(text.quoted) does not say in the place of which model", at: nil,
            suggestion: "write NAME=FILE, with one of \(models.map(\.name.written).joined(separator: ", "))")
    }
}
