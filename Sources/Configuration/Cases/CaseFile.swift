public import Diagnostics
import Foundation

/// A file of pipeline tests with all that was found in it.
public struct CaseFile: Sendable {
    public let path: String
    public let source: SourceText
    public let cases: [CaseSpec]
    /// By source.
    public let defaults: [(source: Located<String>, event: EventValue)]
    public var diagnostics: [Diagnostic]

    /// Reads a file of at most 1 MiB; whatever is wrong, even that it cannot be read, is in `diagnostics`.
    ///
    /// - Parameter environment: what `${NAME}` may refer to; `nil`: the process's own.
    public static func load(path: String, environment: [String: String]? = nil) -> CaseFile {
        let limits = PipelineLimits()
        let environment = environment ?? ProcessInfo.processInfo.environment
        do {
            let bytes = try PipelineFile.read(path, bytesMax: limits.fileBytesMax + 1)
            guard bytes.count <= limits.fileBytesMax else { return empty(path, PipelineFile.tooLarge(limits)) }
            return load(bytes: bytes, path: path, environment: environment)
        } catch {
            let message = PipelineFile.reason(error)
            return empty(path, Diagnostic(code: "unreadable-file", "the file cannot be read: \(message)", at: nil))
        }
    }

    /// The same for bytes that are at hand.
    public static func load(bytes: [UInt8], path: String, environment: [String: String]) -> CaseFile {
        let problems = DiagnosticGathering()
        guard let text = TextInspection.decode(bytes, path: path, into: problems) else {
            return CaseFile(
                path: path, source: SourceText(path: path, text: String(decoding: bytes, as: UTF8.self)), cases: [],
                defaults: [], diagnostics: problems.diagnostics)
        }
        let source = SourceText(path: path, text: PipelineFile.withoutByteOrderMark(text))
        var cases: [CaseSpec] = []
        var defaults: [(source: Located<String>, event: EventValue)] = []
        if let node = YAMLReader.read(source, into: problems) {
            let reader = SpecReader(problems: problems, expansion: EnvironmentExpansion(environment: environment))
            let place = SpecReader.Place(name: "tests", range: node.range, title: "a file of tests")
            if let root = reader.section(node, CaseSyntax.root, at: place) {
                cases = CaseReader(root, problems).read(root)
                defaults = (root.map("defaults") ?? []).compactMap { entry in
                    if case .event(let event)? = entry.value { (entry.name, event) } else { nil }
                }
            }
        }
        return CaseFile(
            path: path, source: source, cases: cases, defaults: defaults, diagnostics: problems.diagnostics)
    }

    /// All diagnostics as they are printed; empty for none.
    public func rendered(usesColour: Bool = false) -> String {
        DiagnosticRenderer(source: source, usesColour: usesColour).text(diagnostics)
    }

    /// A path of the file, which is relative to it.
    public func resolved(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let folder = self.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return folder.isEmpty ? path : "\(folder)/\(path)"
    }

    private static func empty(_ path: String, _ diagnostic: Diagnostic) -> CaseFile {
        CaseFile(
            path: path, source: SourceText(path: path, text: ""), cases: [], defaults: [], diagnostics: [diagnostic])
    }
}
