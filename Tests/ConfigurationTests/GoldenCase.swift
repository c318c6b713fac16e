import Configuration
import Diagnostics
import Foundation

/// One folder under `Goldens`: `pipeline.yaml` (none: an unreadable file), `expected.txt`, and settings in `case.txt`.
struct GoldenCase: CustomStringConvertible, Sendable {
    let name: String
    let folder: URL

    var description: String { name }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")

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

    func load() throws -> PipelineFile {
        var environment: [String: String] = [:]
        var limits = PipelineLimits()
        let settings = (try? String(contentsOf: folder.appendingPathComponent("case.txt"), encoding: .utf8)) ?? ""
        for line in settings.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            switch parts[0] {
            case "env":
                let pair = parts[1].split(separator: "=", maxSplits: 1).map(String.init)
                environment[pair[0]] = pair[1]
            case "bytes_max": limits.fileBytesMax = Int(parts[1]) ?? 0
            case "problems_max": limits.problemsMax = Int(parts[1]) ?? 0
            default: throw CocoaError(.formatting)
            }
        }
        let url = folder.appendingPathComponent("pipeline.yaml")
        guard let data = try? Data(contentsOf: url) else {
            return PipelineFile.load(path: "missing/pipeline.yaml", environment: environment, limits: limits)
        }
        return PipelineFile.load(
            bytes: [UInt8](data), path: "pipeline.yaml", environment: environment, limits: limits)
    }
}
