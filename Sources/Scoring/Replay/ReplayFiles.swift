import Diagnostics
import Engine
import Events
import Foundation

/// The files of a replay, opened: which source each belongs to, and how far they are read.
struct ReplayFiles {
    struct File {
        /// The place of its source among the plan's.
        let source: Int
        let path: String
        let bytes: FileByteSource
    }

    private(set) var files: [File] = []

    /// - Parameter mayLack: a source without a file is one without events.
    /// - Throws: a usage failure where files and sources do not go together, or why a file cannot be read.
    init(_ inputs: [String], of plan: ScoringPlan, output: String?, mayLack: Bool = false) throws(ReplayFailure) {
        var named: [(source: Int, path: String)] = []
        for input in inputs { named.append(try Self.split(input, plan)) }
        for (number, source) in plan.sources.enumerated()
        where !mayLack && !named.contains(where: { $0.source == number }) {
            throw ReplayFailure(.usage, "no --input for source \"\(source.name)\": expected \(source.name)=FILE")
        }
        if named.count(where: { $0.path == ReplayOptions.standardStream }) > 1 {
            throw ReplayFailure(.usage, "--input: standard input can be read once only")
        }
        for (source, path) in named {
            if plan.sources[source].needsRecordTime {
                throw ReplayFailure(
                    .usage,
                    "source \"\(plan.sources[source].name)\" takes its times from the records' timestamps, and the rows of a "
                        + "file have none")
            }
            if let output, ReplayTarget.isSameFile(path, output) {
                throw ReplayFailure(.usage, "--input and --output are the same file")
            }
        }
        for (source, path) in named {
            files.append(File(source: source, path: path, bytes: try FileByteSource(path: path)))
        }
    }

    /// `labels=labels.csv` where `labels` is a source; else all of it is a path, of the only source.
    static func split(
        _ input: String, _ plan: ScoringPlan
    ) throws(ReplayFailure) -> (source: Int, path: String) {
        if let equals = input.firstIndex(of: "="),
            let source = plan.sources.firstIndex(where: { $0.name == input[..<equals] })
        {
            return (source, String(input[input.index(after: equals)...]))
        }
        if let equals = input.firstIndex(of: "="), access(input, F_OK) != 0,
            access(String(input[input.index(after: equals)...]), F_OK) == 0
        {
            let name = String(input[..<equals])
            let help = Suggestion.text(for: name, among: plan.sources.map(\.name)).map { ": \($0)" } ?? ""
            throw ReplayFailure(.usage, "--input \(input): there is no source \"\(name)\"\(help)")
        }
        if plan.sources.count == 1 { return (0, input) }
        let names = plan.sources.map { "\($0.name)=FILE" }.joined(separator: " or ")
        throw ReplayFailure(.usage, "--input \(input): the pipeline has several sources: expected \(names)")
    }

    static func input(_ file: File, format: RecordFormat?, bytes: any ByteSource) -> ReplayInput {
        ReplayInput(
            source: file.source, name: name(file.path), format: format ?? RecordFormat.named(file.path).format,
            bytes: bytes)
    }

    /// By which events without an id are called: the file's name without its folders.
    static func name(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    var bytesRead: Int64 { files.reduce(0) { $0 + $1.bytes.position } }
    /// `nil` where something has no size, such as a pipe.
    var byteCount: Int64? {
        var sum: Int64 = 0
        for file in files {
            guard let count = file.bytes.byteCount else { return nil }
            sum += count
        }
        return sum
    }
}
