public import Diagnostics
import Foundation

/// A pipeline file with all that was found in it.
public struct PipelineFile: Sendable {
    public let path: String
    /// As it may be shown: values of properties that look secret are masked, character for character.
    public let source: SourceText
    /// See `PipelineSpec.parse`.
    public let spec: PipelineSpec?
    public var diagnostics: [Diagnostic]
    /// `nil` until `readPropertyFile` has read one.
    public var propertyFile: PropertyFile?
    /// The most problems that are kept, those of expressions included.
    var problemsMax = DiagnosticGathering.problemsMaxDefault

    /// Reads a file of at most 1 MiB; whatever is wrong, even that it cannot be read, is in `diagnostics`.
    ///
    /// - Parameter environment: what `${NAME}` may refer to; `nil`: the process's own.
    public static func load(
        path: String, environment: [String: String]? = nil, limits: PipelineLimits = PipelineLimits()
    ) -> PipelineFile {
        let bytes: [UInt8]
        do {
            bytes = try read(path, bytesMax: limits.fileBytesMax + 1)
        } catch {
            return empty(
                path,
                Diagnostic(
                    code: "unreadable-file", "the file cannot be read: \(reason(error))", at: nil,
                    suggestion: NearbyFile.suggestion(for: path)))
        }
        guard bytes.count <= limits.fileBytesMax else { return empty(path, tooLarge(limits)) }
        let environment = environment ?? ProcessInfo.processInfo.environment
        return load(bytes: bytes, path: path, environment: environment, limits: limits)
    }

    /// The same for bytes that are at hand.
    public static func load(
        bytes: [UInt8], path: String, environment: [String: String], limits: PipelineLimits = PipelineLimits()
    ) -> PipelineFile {
        let problems = DiagnosticGathering(problemsMax: limits.problemsMax)
        guard let text = TextInspection.decode(bytes, path: path, into: problems) else {
            let shown = withoutByteOrderMark(String(decoding: bytes, as: UTF8.self))
            return PipelineFile(
                path: path, source: SecretMask.masked(shown, path: path), spec: nil, diagnostics: problems.diagnostics)
        }
        let (spec, diagnostics) = PipelineSpec.parse(text: text, path: path, environment: environment, limits: limits)
        return PipelineFile(
            path: path, source: SecretMask.masked(withoutByteOrderMark(text), path: path), spec: spec,
            diagnostics: diagnostics, problemsMax: limits.problemsMax)
    }

    /// All diagnostics, those of the properties' file last, as they are printed; empty for none.
    public func rendered(usesColour: Bool = false) -> String {
        var text = DiagnosticRenderer(source: source, usesColour: usesColour).text(diagnostics)
        if let file = propertyFile {
            text += DiagnosticRenderer(source: file.source, usesColour: usesColour).text(file.diagnostics)
        }
        return text
    }

    static func tooLarge(_ limits: PipelineLimits) -> Diagnostic {
        let most = UnitLiteral.text(Int64(limits.fileBytesMax), in: UnitLiteral.sizes)
        return Diagnostic(code: "file-too-large", "the file is larger than \(most)", at: nil)
    }

    static func withoutByteOrderMark(_ text: String) -> String {
        guard text.unicodeScalars.first == "\u{FEFF}" else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.dropFirst()))
    }

    private static func empty(_ path: String, _ diagnostic: Diagnostic) -> PipelineFile {
        PipelineFile(path: path, source: SourceText(path: path, text: ""), spec: nil, diagnostics: [diagnostic])
    }

    /// Why a file cannot be read, in the system's words.
    static func reason(_ error: any Error) -> String {
        let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return reason.map { String(cString: strerror(Int32($0.code))).lowercased() } ?? "it cannot be read"
    }

    /// At most so many bytes, so that an endless device ends.
    static func read(_ path: String, bytesMax: Int) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var bytes: [UInt8] = []
        while bytes.count < bytesMax, let more = try file.read(upToCount: bytesMax - bytes.count), !more.isEmpty {
            bytes += more
        }
        return bytes
    }
}
