import Diagnostics
import Foundation
import Testing

@testable import Configuration

/// The file with properties of `kafka.properties_file`: what is read, and that nothing of it gets out.
@Suite struct PropertyFileTests {
    private func load(_ text: String) -> PropertyFile { .load(bytes: Array(text.utf8), path: "k.properties") }

    @Test(arguments: [
        ("sasl.password=abc", ["sasl.password": "abc"]), ("  a.b \t=\t c d \t\r\n", ["a.b": "c d"]),
        ("a.b==c==", ["a.b": "=c=="]), ("a.b=\"c\"\\", ["a.b": "\"c\"\\"]), ("a.b=${HOME} #x", ["a.b": "${HOME} #x"]),
        ("#a.b=c\n ! d=e\n\n \t\n", [:]), ("a.b=1\nc-d_e=2", ["a.b": "1", "c-d_e": "2"]),
        ("\u{FEFF}a.b=ü", ["a.b": "ü"]), ("", [:]), ("\n\r\n", [:]),
    ])
    func readsNamesAndValuesAsTheyAre(text: String, expected: [String: String]) {
        let file = load(text)
        #expect(file.diagnostics.isEmpty)
        let read = Dictionary(uniqueKeysWithValues: file.properties.map { ($0.name.value, $0.value.value) })
        #expect(read == expected)
    }

    @Test(arguments: [
        ("abc", "invalid-property-line"), ("=abc", "invalid-property-line"), ("A.b=c", "invalid-property-line"),
        ("a b=c", "invalid-property-line"), ("a.b=", "missing-value"), ("a.b= \t", "missing-value"),
        ("a.b=c\u{0}d", "invalid-character"), ("a.b=c\rd", "invalid-character"), ("a.b=1\na.b=1", "duplicate-key"),
    ])
    func saysWhatIsWrong(text: String, code: String) throws {
        let file = load("ok.first=1\n" + text + "\nok.last=2\n")
        #expect(file.diagnostics.map(\.code) == [code])
        #expect(file.diagnostics.hasErrors)
        #expect(file.properties.map(\.name.value).filter { $0.hasPrefix("ok.") } == ["ok.first", "ok.last"])
        let line = try #require(file.diagnostics.first?.range?.start.line)
        #expect(line >= 2 && line <= 3)
    }

    @Test func relativeToThePipelineFileAndAbsentWhereNotRead() throws {
        try withFolder { folder in
            try write("sasl.password=hunter2\n", to: folder.appending(path: "k.properties"), mode: 0o600)
            var file = try pipeline(in: folder, "properties_file: k.properties")
            #expect(file.propertyFile == nil)
            file.readPropertyFile()
            #expect(file.propertyFile?.properties.map(\.value.value) == ["hunter2"])
            #expect(!file.hasErrors && file.diagnostics.isEmpty)
            #expect(!"\(file.rendered())".contains("hunter"))
        }
    }

    @Test(arguments: [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o620, true), (0o602, true)])
    func rightsOfOthersAreWarnedOf(mode: Int, isWarned: Bool) throws {
        try withFolder { folder in
            try write("acks=all\n", to: folder.appending(path: "k.properties"), mode: mode)
            var file = try pipeline(in: folder, "properties_file: k.properties")
            file.readPropertyFile()
            #expect(file.diagnostics.map(\.code) == (isWarned ? ["open-properties"] : []))
            #expect(!file.hasErrors)
            #expect(file.propertyFile?.properties.count == 1)
        }
    }

    /// A pipe without a writer blocks whoever opens it, and a device may have no end.
    @Test func onlyFilesOfASensibleSizeAreRead() throws {
        try withFolder { folder in
            let large = String(repeating: "#", count: PropertyFile.bytesMax)
            try write(large, to: folder.appending(path: "most.properties"), mode: 0o600)
            try write(large + "#", to: folder.appending(path: "large.properties"), mode: 0o600)
            #expect(mkfifo(folder.appending(path: "pipe").path, 0o600) == 0)
            for (name, reason) in [
                ("most.properties", nil), ("large.properties", "larger than 64"), ("pipe", "not a file"),
                ("/dev/zero", "not a file"), ("none", "no such file"),
            ] {
                var file = try pipeline(in: folder, "properties_file: \(name)")
                file.readPropertyFile()
                #expect(file.diagnostics.map(\.code) == (reason == nil ? [] : ["unreadable-properties"]), "\(name)")
                #expect(file.hasErrors == (reason != nil), "\(name)")
                if let reason {
                    #expect(file.diagnostics.first?.message.contains(reason) == true, "\(file.diagnostics)")
                }
            }
        }
    }

    @Test func aSettingInBothFilesIsRefused() throws {
        try withFolder { folder in
            try write("client.id=a\nlinger.ms=1\n", to: folder.appending(path: "k.properties"), mode: 0o600)
            var file = try pipeline(in: folder, "properties: {linger.ms: \"1\"}, properties_file: k.properties")
            file.readPropertyFile()
            #expect(file.diagnostics.isEmpty)
            let problem = try #require(file.propertyFile?.diagnostics.first)
            #expect(problem.code == "duplicate-key" && problem.range?.start.line == 2 && file.hasErrors)
        }
    }

    /// Whatever the bytes: no crash, places inside the text, and the secret is in nothing that is printed.
    @Test(arguments: 1...400) func hostileBytesLeakNothing(seed: UInt64) {
        var random = SeededRandom(seed)
        let pieces: [[UInt8]] = [
            Array("hunter2".utf8), Array("sasl.password".utf8), Array("=".utf8), Array("\n".utf8), Array("\r".utf8),
            Array(" ".utf8), [0], [0xFF], Array("#".utf8), Array("\t".utf8), [0xEF, 0xBB, 0xBF], Array("ü".utf8),
        ]
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...40, using: &random) { bytes += pieces.randomElement(using: &random) ?? [] }
        let file = PropertyFile.load(bytes: bytes, path: "k")
        let renderer = DiagnosticRenderer(source: file.source)
        // As the first half of a name with a dot it may be shown: nobody writes a secret there.
        let isName =
            file.properties.contains { $0.name.written.contains("hunter2") }
            || file.diagnostics.contains { $0.message.contains("hunter2") }
        #expect(isName || !renderer.text(file.diagnostics).contains("hunter"), "seed \(seed): \(bytes)")
        if isName { #expect(bytes.contains(UInt8(ascii: ".")), "seed \(seed)") }
        for diagnostic in file.diagnostics {
            #expect(diagnostic.range.map { $0.start.line <= file.source.lineStarts.count } == true, "seed \(seed)")
        }
    }

    // MARK: - Files

    private func pipeline(in folder: URL, _ kafka: String) throws -> PipelineFile {
        let text = try String(
            contentsOf: GoldenCase.named("valid-small").folder.appendingPathComponent("pipeline.yaml"), encoding: .utf8)
        let path = folder.appending(path: "pipeline.yaml")
        let changed = text.replacing(/kafka: \{brokers: [a-z0-9:"]+/) { _ in "kafka: {brokers: embedded, \(kafka)" }
        try changed.write(to: path, atomically: true, encoding: .utf8)
        let file = PipelineFile.load(path: path.path, environment: [:])
        try #require(file.spec?.kafka.propertiesFile != nil, "\(file.rendered())")
        return file
    }

    private func write(_ text: String, to url: URL, mode: Int) throws {
        try Data(text.utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "riffle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }
}
