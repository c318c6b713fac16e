import ArgumentParser
import Engine
import Foundation

/// `riffle state`: what snapshots hold, and whether they are sound.
struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Look into snapshots of state.",
        discussion: """
            Examples:
              riffle state inspect state/
              riffle state verify state/
            """,
        subcommands: [InspectCommand.self, VerifyCommand.self])

    struct InspectCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract: "Print what snapshots hold: partitions, offsets, entities, keys, events and bytes.",
            discussion: """
                Reads no more than it prints; use verify to read every byte.

                Example:
                  riffle state inspect state/

                Exit codes: 0 all are sound as far as was read, 1 one is not or none was found, 2 usage.
                """)

        @OptionGroup var files: SnapshotArguments

        func run() throws { try files.report(verifies: false) }
    }

    struct VerifyCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Read every byte of snapshots and hold it against its checksum.",
            discussion: """
                Example:
                  riffle state verify state/ --format json

                Exit codes: 0 all are sound, 1 one is not or none was found, 2 usage.
                """)

        @OptionGroup var files: SnapshotArguments

        func run() throws { try files.report(verifies: true) }
    }
}

/// Which snapshots a command is about, and how it prints them.
struct SnapshotArguments: ParsableArguments {
    @Argument(help: "Snapshots, or directories of them.")
    var paths: [String]

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: ArgumentHelp("How it is printed; json is an object a line.", valueName: "text|json"))
    var format = Format.text

    /// What `--format json` was called before.
    @Flag(help: .hidden)
    var json = false

    func report(verifies: Bool) throws {
        let isJSON = json || format == .json
        var isSound = true
        for path in paths {
            let files = Self.files(at: path)
            if files.isEmpty {
                Terminal.printError("riffle state: \(path): there is no snapshot in it")
                isSound = false
            }
            for file in files {
                let inspection = SnapshotInspection(path: file, verifies: verifies)
                print(isJSON ? inspection.json : inspection.text)
                isSound = isSound && inspection.isSound
            }
        }
        if !isSound { throw ExitCode(1) }
    }

    /// Of a directory its snapshots, newest first by pipeline; of anything else itself.
    private static func files(at path: String) -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            return [path]
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasSuffix(SnapshotStore.suffix) }.sorted(by: >)
            .map { (path.hasSuffix("/") ? path : path + "/") + $0 }
    }
}
