import Configuration
import Diagnostics
import Foundation
import Testing

@Suite struct ReferenceTests {
    private static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let docs = package.appendingPathComponent("docs")

    @Test(arguments: ReferencePages.all)
    func pagesAreWhatTheProgramKnows(page: ReferencePages.Page) throws {
        let url = Self.docs.appendingPathComponent("reference").appendingPathComponent(page.file)
        if GoldenCase.isUpdating { try page.text.write(to: url, atomically: true, encoding: .utf8) }
        let written = try String(contentsOf: url, encoding: .utf8)
        #expect(written == page.text, "UPDATE_GOLDENS=1 rewrites \(page.file)")
    }

    @Test func everyPageIsGenerated() throws {
        let folder = Self.docs.appendingPathComponent("reference")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        // The console's tests make the description of its routes.
        let generated = Set(ReferencePages.all.map(\.file)).union(["openapi.json"])
        #expect(Set(files.filter { !$0.hasPrefix(".") }) == generated)
    }

    /// A fenced block of a page that is a whole pipeline.
    struct Example: CustomStringConvertible {
        let page: String
        let line: Int
        let text: String

        var description: String { "\(page):\(line)" }
    }

    static let examples: [Example] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: docs.path)) ?? []
        let pages = names.map { docs.appendingPathComponent($0) }
        let readme = package.appendingPathComponent("README.md")
        return (pages.filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path } + [readme]).flatMap(blocks)
    }()

    /// The blocks of YAML that begin with `pipeline:`.
    private static func blocks(in page: URL) -> [Example] {
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        var found: [Example] = []
        var block: [Substring]?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "```yaml" {
                block = []
            } else if line.hasPrefix("```"), let lines = block {
                if lines.first?.hasPrefix("pipeline:") == true {
                    let text = lines.joined(separator: "\n") + "\n"
                    found.append(Example(page: page.lastPathComponent, line: index - lines.count + 1, text: text))
                }
                block = nil
            } else {
                block?.append(line)
            }
        }
        return found
    }

    @Test(arguments: examples)
    func examplesAreRight(example: Example) {
        var file = PipelineFile.load(bytes: Array(example.text.utf8), path: "\(example)", environment: [:])
        let plan = file.compile()
        #expect(plan != nil)
        #expect(file.diagnostics.isEmpty, "\(file.rendered())")
    }

    @Test func readmeAndPipelinePageHaveExamples() {
        let pages = Set(Self.examples.map(\.page))
        #expect(pages.isSuperset(of: ["README.md", "PIPELINE.md"]))
    }

    @Test func pipelinesOfTheProjectAreRight() throws {
        let folder = Self.package.appendingPathComponent("pipelines")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
        #expect(!names.isEmpty)
        let paths = try names.flatMap { name in
            let inside = folder.appendingPathComponent(name)
            let files = try FileManager.default.contentsOfDirectory(atPath: inside.path).sorted()
            #expect(files.contains("pipeline.yaml"))
            return files.filter { $0.hasSuffix(".yaml") }.map { inside.appendingPathComponent($0).path }
        }
        for path in paths {
            var file = PipelineFile.load(path: path, environment: [:])
            let compiled = file.compile()
            let plan = try #require(compiled, "\(file.rendered())")
            let models = file.bindModels(of: plan)
            #expect(models?.count == plan.spec.models.count { $0.trees == nil })
            #expect(file.diagnostics.isEmpty, "\(file.rendered())")
        }
    }

    /// `docs/PIPELINE.md` is written by hand: it must at least name everything that a pipeline can say.
    @Test func thePipelinePageNamesEveryFunctionAndAggregate() throws {
        let text = try String(contentsOf: Self.docs.appendingPathComponent("PIPELINE.md"), encoding: .utf8)
        for page in ReferencePages.all { #expect(text.contains("reference/\(page.file)")) }
        for name in ReferencePages.names { #expect(text.contains("`\(name)("), "\(name)") }
    }
}
