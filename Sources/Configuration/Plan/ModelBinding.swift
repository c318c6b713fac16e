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
    /// Set where the pipeline asks for reasons.
    public let explainer: ScoreExplainer?

    /// `sha256:` and 16 digits: what each score says of its model.
    public var version: String { "sha256:\(digest.prefix(16))" }

    /// The largest model file that is read.
    public static let fileBytesMax = 1 << 30

    /// The bytes of a model file.
    ///
    /// - Throws: `ModelFailure` where it is too large, else the system's error.
    public static func read(_ path: String) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let bytes = try file.read(upToCount: fileBytesMax + 1) ?? Data()
        if bytes.count > fileBytesMax {
            throw ModelFailure(.tooLarge, "the file is larger than \(fileBytesMax >> 20) MiB", path: path)
        }
        return [UInt8](bytes)
    }
}

extension PipelineFile {
    /// Reads the model of a plan and checks that its inputs are the pipeline's; adds what is wrong to `diagnostics`.
    ///
    /// - Parameter path: a file to use instead of the pipeline's own.
    /// - Returns: `nil` if the plan has no model, or if something is wrong.
    public mutating func bindModel(of plan: PipelinePlan, overriddenBy path: String? = nil) -> ModelBinding? {
        guard let spec = plan.spec.model else { return nil }
        let place = path ?? spec.path
        let range = path == nil ? spec.file.range : nil
        var found: [Diagnostic] = []
        defer { diagnostics = (diagnostics + found.map(plan.spec.redacted)).sortedByPosition() }
        do {
            let bytes = try ModelBinding.read(place)
            let model = try Model.load(
                bytes, path: place,
                options: ModelOptions(
                    iterations: spec.iterations == .best ? .best : .all, output: spec.output, missing: spec.missing))
            found = ModelInputs(model: model.featureNames, count: model.featureCount, plan: plan, at: range).problems
            if found.hasErrors { return nil }
            let explainer = explainer(of: model, spec.explain, path: place, into: &found)
            if found.hasErrors { return nil }
            let digest = SHA256.hash(data: bytes).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            return ModelBinding(
                model: model, digest: digest.joined(), inputs: plan.modelInputs, explainer: explainer)
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
        return nil
    }
}
