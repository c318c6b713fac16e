import Configuration
import Diagnostics
import Foundation

/// One folder under `Goldens`: `pipeline.yaml` (none: an unreadable file), `expected.txt`, settings in `case.txt`,
/// and the model that the pipeline names.
struct GoldenCase: CustomStringConvertible, Sendable {
    let name: String
    let folder: URL

    var description: String { name }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

    /// `UPDATE_GOLDENS=1` rewrites what is expected; where `CI` is set it is refused.
    static var isUpdating: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["UPDATE_GOLDENS"] == "1" && environment["CI"] == nil
    }

    /// All folders, by name.
    static let all: [GoldenCase] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map {
            GoldenCase(name: $0, folder: root.appendingPathComponent($0))
        }
    }()

    static func named(_ name: String) throws -> GoldenCase {
        guard let found = all.first(where: { $0.name == name }) else { throw CocoaError(.fileNoSuchFile) }
        return found
    }

    var expectedURL: URL { folder.appendingPathComponent("expected.txt") }

    /// The file with its expressions compiled, its model bound and its properties read, as `riffle check` does it.
    func check() throws -> (file: PipelineFile, plan: PipelinePlan?, models: [ModelBinding]?) {
        var file = try load(path: folder.appendingPathComponent("pipeline.yaml").path)
        let plan = file.compile()
        if let plan { file.checkMeaning(of: plan, memoryBytes: memoryBytes) }
        let models = plan.flatMap { file.bindModels(of: $0) }
        try setModes()
        file.readPropertyFile()
        file.checkReference()
        return (file, plan, models)
    }

    /// What `riffle check` prints in the golden's folder.
    func printed(_ file: PipelineFile) -> String {
        file.rendered().replacingOccurrences(of: folder.path + "/", with: "")
    }

    /// A version control system keeps no rights: a file with properties is the owner's alone, unless `mode` says more.
    private func setModes() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".properties")
        }
        let written = settings.first { $0.name == "mode" }.flatMap { Int($0.value, radix: 8) }
        for name in names {
            try FileManager.default.setAttributes(
                [.posixPermissions: written ?? 0o600], ofItemAtPath: folder.appendingPathComponent(name).path)
        }
    }

    private var memoryBytes: Int? { settings.first { $0.name == "memory" }.flatMap { Int($0.value) } }

    /// The lines of `case.txt`.
    private var settings: [(name: String, value: String)] {
        let text = (try? String(contentsOf: folder.appendingPathComponent("case.txt"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            return (parts[0], parts[1])
        }
    }

    func load(path: String = "pipeline.yaml") throws -> PipelineFile {
        var environment: [String: String] = [:]
        var limits = PipelineLimits()
        for (name, value) in settings {
            switch name {
            case "env":
                let pair = value.split(separator: "=", maxSplits: 1).map(String.init)
                environment[pair[0]] = pair[1]
            case "bytes_max": limits.fileBytesMax = Int(value) ?? 0
            case "problems_max": limits.problemsMax = Int(value) ?? 0
            case "mode", "memory": continue
            default: throw CocoaError(.formatting)
            }
        }
        let url = folder.appendingPathComponent("pipeline.yaml")
        guard let data = try? Data(contentsOf: url) else {
            return PipelineFile.load(path: "missing/pipeline.yaml", environment: environment, limits: limits)
        }
        return PipelineFile.load(bytes: [UInt8](data), path: path, environment: environment, limits: limits)
    }
}
