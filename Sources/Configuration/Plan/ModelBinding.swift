import Crypto
import Diagnostics
public import Features
import Foundation
public import Models

/// A model file that was read and held against the pipeline's features.
public struct ModelBinding: Sendable {
    public let model: Model
    /// The SHA-256 of the file, 64 hexadecimal digits.
    public let digest: String
    /// The feature behind each of the model's inputs.
    public let inputs: [FeatureIndex]

    /// `sha256:` and 16 digits: what each score says of its model.
    public var version: String { "sha256:\(digest.prefix(16))" }

    /// The largest model file that is read.
    public static let fileBytesMax = 1 << 30
}

extension PipelineFile {
    /// Reads the model of a plan and checks that its inputs are the pipeline's; adds what is wrong to `diagnostics`.
    ///
    /// - Parameter path: a file to use instead of the pipeline's own.
    /// - Returns: `nil` if the plan has no model, or if something is wrong.
    public mutating func bindModel(of plan: PipelinePlan, overriddenBy path: String? = nil) -> ModelBinding? {
        guard let spec = plan.spec.model else { return nil }
        let range = path == nil ? spec.file.range : nil
        let place = path ?? spec.path
        do {
            let bytes = try Self.readModel(place)
            let output = spec.output.flatMap { Int($0.value) }
            let model = try Model.load(
                bytes, path: place,
                options: ModelOptions(iterations: spec.iterations == .best ? .best : .all, output: output))
            let problems = Self.problems(of: model, plan: plan, at: path == nil ? spec.file.range : nil)
            diagnostics += problems
            if problems.hasErrors { return nil }
            let digest = SHA256.hash(data: bytes).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return ModelBinding(model: model, digest: digest.joined(), inputs: plan.modelInputs)
        } catch let failure as ModelFailure {
            diagnostics.append(
                Diagnostic(
                    code: failure.code.rawValue, "model file \"\(place)\": \(failure.place.map { "\($0): " } ?? "")\(failure.message)",
                    at: range, suggestion: failure.suggestion))
        } catch {
            let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            let text = reason.map { String(cString: strerror(Int32($0.code))).lowercased() } ?? "\(error)"
            diagnostics.append(
                Diagnostic(
                    code: "model-unreadable", "model file \"\(place)\" cannot be read: \(text)", at: range,
                    suggestion: "the path is relative to the pipeline file"))
        }
        return nil
    }

    private static func readModel(_ path: String) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let bytes = try file.read(upToCount: ModelBinding.fileBytesMax + 1) ?? Data()
        if bytes.count > ModelBinding.fileBytesMax {
            throw ModelFailure(.tooLarge, "the file is larger than \(ModelBinding.fileBytesMax >> 20) MiB")
        }
        return [UInt8](bytes)
    }

    /// A model's names have to be the pipeline's, in order; a model without names has to have as many inputs.
    private static func problems(of model: Model, plan: PipelinePlan, at range: SourceRange?) -> [Diagnostic] {
        let names = plan.modelInputs.map { plan.features.names[$0.rawValue] }
        if names.count != model.featureCount {
            return [
                Diagnostic(
                    code: "model-input-count",
                    "the model has \(model.featureCount) inputs and the pipeline gives it \(names.count)", at: range,
                    suggestion: model.featureNames.isEmpty
                        ? "name the model's inputs with \"inputs: [...]\""
                        : "the model's inputs are \(model.featureNames.prefix(20).joined(separator: ", "))")
            ]
        }
        if model.featureNames.isEmpty || model.featureNames == names { return [] }
        let place = zip(model.featureNames, names).enumerated().first { $1.0 != $1.1 }
        guard let (index, (theirs, ours)) = place else { return [] }
        if Set(model.featureNames).isDisjoint(with: names) {
            return [
                Diagnostic(
                    .warning, code: "model-input-names",
                    "the model calls none of its inputs as the pipeline does: input 1 is \"\(theirs)\" and gets feature \"\(ours)\"",
                    at: range, suggestion: "only the order decides then: check it")
            ]
        }
        return [
            Diagnostic(
                code: "model-input-order",
                "input \(index + 1) of the model is \"\(theirs)\", and the pipeline gives it feature \"\(ours)\"", at: range,
                suggestion: "list the model's inputs in its order with \"inputs: [...]\"")
        ]
    }
}
