import Foundation
import Testing

/// The style as a test: what a reviewer would otherwise say again and again.
@Suite struct TidyTests {
    /// What each target may import besides the standard library: DESIGN's layers.
    static let allowedImports: [String: Set<String>] = [
        "Diagnostics": [],
        "Events": ["CSimdjson"],
        "Telemetry": ["CoreMetrics", "Glibc", "Synchronization"],
        "Workers": ["Dispatch", "Synchronization"],
        "Features": ["Darwin", "Diagnostics", "Events", "Glibc", "Musl", "Synchronization"],
        "Drift": ["Glibc"],
        "Models": ["Darwin", "Events", "Glibc", "Musl", "Synchronization"],
        "Generation": ["Events"],
        "Kafka": ["CRdkafka", "Diagnostics", "Dispatch", "Foundation", "Synchronization", "Glibc"],
        "Configuration": ["Crypto", "Diagnostics", "Events", "Features", "Foundation", "Models", "Yams"],
        "Engine": ["Events", "Features", "Glibc", "Models", "Synchronization", "Workers"],
        "Scoring": [
            "CZlib", "Configuration", "CoreMetrics", "Crypto", "Diagnostics", "Drift", "Engine", "Events", "Features",
            "Foundation", "Generation",
            "Histogram", "Kafka", "Logging", "Models", "Synchronization", "Telemetry", "Workers", "Glibc",
        ],
        "Monitoring": [
            "Configuration", "CoreMetrics", "Crypto", "Drift", "Engine", "Events", "Features", "Foundation",
            "Generation", "Glibc", "Kafka", "Logging", "Synchronization", "Telemetry", "Workers",
        ],
        "Console": [
            "Events", "Glibc", "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTPTypes",
            "NIOPosix", "ServiceLifecycle", "Synchronization", "Telemetry",
        ],
        "riffle": [
            "ArgumentParser", "Configuration", "Console", "Diagnostics", "Dispatch", "Drift", "Engine", "Events",
            "Features", "Foundation", "Generation", "Histogram", "Kafka", "Logging", "Models", "Monitoring", "Scoring",
            "Synchronization", "Telemetry", "Workers",
        ],
    ]

    static let bannedNameParts = ["Manager", "Helper", "Util", "Impl", "Common"]
    static let fileLinesMax = 500
    static let functionLinesMax = 70
    /// swift-format keeps code to 120 columns; a text in quotes that is better left whole may stand out so far.
    static let lineColumnsMax = 140

    @Test func everyTargetImportsOnlyWhatItsLayerMay() throws {
        for file in try SourceFile.all(under: "Sources") {
            guard let allowed = Self.allowedImports[file.target] else {
                if file.path.hasSuffix(".swift") {
                    Issue.record("\(file.path): target \(file.target) is not in the import table")
                }
                continue
            }
            for (number, line) in file.lines.enumerated() {
                guard let module = Self.importedModule(line) else { continue }
                #expect(allowed.contains(module), "\(file.path):\(number + 1): \(file.target) may not import \(module)")
            }
        }
    }

    @Test func namesSayWhatAThingIs() throws {
        for file in try SourceFile.all(under: "Sources") {
            for (number, line) in file.lines.enumerated() {
                guard let name = Self.declaredType(line) else { continue }
                for part in Self.bannedNameParts {
                    #expect(!name.contains(part), "\(file.path):\(number + 1): \"\(name)\": \(part) says nothing")
                }
            }
        }
    }

    @Test(arguments: ["Sources", "Tests"])
    func filesLinesAndFunctionsAreShort(folder: String) throws {
        for file in try SourceFile.all(under: folder) {
            #expect(file.lines.count <= Self.fileLinesMax, "\(file.path) has \(file.lines.count) lines")
            for (number, line) in file.lines.enumerated() where line.count > Self.lineColumnsMax {
                Issue.record("\(file.path):\(number + 1): \(line.count) columns")
            }
            for function in Self.functions(in: file.lines) where function.lines > Self.functionLinesMax {
                Issue.record("\(file.path):\(function.line): a function of \(function.lines) lines")
            }
        }
    }

    @Test func uncheckedConcurrencySaysWhyItIsSafe() throws {
        for file in try SourceFile.all(under: "Sources") {
            for (number, line) in file.lines.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                if line.trimmingCharacters(in: .whitespaces).hasPrefix("//") { continue }
                let before = file.lines[max(0, number - 6)..<number]
                #expect(before.contains { $0.contains("SAFETY:") }, "\(file.path):\(number + 1): no SAFETY line above")
            }
        }
    }

    @Test(arguments: ["Sources", "Tests"])
    func nothingIsLeftOver(folder: String) throws {
        // Spelt in halves, so that this file does not find itself.
        let markers = ["TO" + "DO", "FIX" + "ME", "HA" + "CK"]
        for file in try SourceFile.all(under: folder) {
            for (number, line) in file.lines.enumerated() {
                for marker in markers {
                    #expect(!line.contains(marker), "\(file.path):\(number + 1): leftover \(marker)")
                }
            }
        }
    }

    @Test func testsDoNotSleep() throws {
        let sleeps = ["Thread." + "sleep", "Task." + "sleep", "u" + "sleep("]
        for file in try SourceFile.all(under: "Tests") {
            for (number, line) in file.lines.enumerated() {
                for sleep in sleeps { #expect(!line.contains(sleep), "\(file.path):\(number + 1): a test sleeps") }
            }
        }
    }

    /// A planted fault in each rule, so that a rule that sees nothing is seen.
    @Test func theRulesSeeWhatTheyLookFor() {
        #expect(Self.importedModule("public import Foundation") == "Foundation")
        #expect(Self.importedModule("@testable import Engine") == "Engine")
        #expect(Self.importedModule("// import Foundation") == nil)
        #expect(Self.declaredType("public final class StateManager: Sendable {") == "StateManager")
        let long = ["    func f() {"] + Array(repeating: "        x()", count: 80) + ["    }"]
        #expect(Self.functions(in: long).first?.lines == 82)
    }

    private static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first,
            ["public", "internal", "package", "@testable", "@preconcurrency"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        return words.last?.split(separator: ".").first.map(String.init)
    }

    private static func declaredType(_ line: String) -> String? {
        let words = line.split(whereSeparator: { " :<({".contains($0) }).map(String.init)
        guard let place = words.firstIndex(where: { ["class", "struct", "enum", "protocol", "actor"].contains($0) }),
            !line.trimmingCharacters(in: .whitespaces).hasPrefix("//"), words.indices.contains(place + 1)
        else { return nil }
        return words[place + 1]
    }

    /// Functions by indentation: from the line with `func` to the closing brace in its column.
    private static func functions(in lines: [String]) -> [(line: Int, lines: Int)] {
        var found: [(line: Int, lines: Int)] = []
        for (number, line) in lines.enumerated() where line.contains("func ") && !line.contains("//") {
            // All of it on one line.
            if line.hasSuffix("}") { continue }
            let indent = line.prefix { $0 == " " }
            let end = lines[number...].firstIndex { $0.hasPrefix(indent + "}") }
            if let end { found.append((number + 1, end - number + 1)) }
        }
        return found
    }
}

/// A Swift file of the project.
struct SourceFile {
    let path: String
    let target: String
    let lines: [String]

    /// The project's root, found from this file.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func all(under folder: String) throws -> [SourceFile] {
        let start = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil) else { return [] }
        var files: [SourceFile] = []
        for case let url as URL in walk where url.pathExtension == "swift" {
            let path = String(url.path.dropFirst(root.path.count + 1))
            let text = try String(contentsOf: url, encoding: .utf8)
            files.append(
                SourceFile(
                    path: path, target: path.split(separator: "/").dropFirst().first.map(String.init) ?? "",
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)))
        }
        try #require(!files.isEmpty, "no Swift files under \(folder)")
        return files
    }
}
