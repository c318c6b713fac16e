import Configuration
import Diagnostics
import Features
import Foundation
import Testing

/// Each aggregate of the catalogue has a folder: what is wrong with calls of it (`pipeline.yaml`, `expected.txt`: see
/// `GoldenTests`), and what legal ones become (`legal.yaml`, `plan.txt`).
@Suite struct AggregateGoldenTests {
    private static func folder(of name: String) -> URL {
        GoldenCase.root.appendingPathComponent("aggregate-\(name.replacing("_", with: "-"))")
    }

    @Test(arguments: AggregateCatalogue.standard.specs.map(\.name))
    func callsBecomePlans(name: String) throws {
        let folder = Self.folder(of: name)
        let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("legal.yaml")))
        var file = PipelineFile.load(bytes: bytes, path: "legal.yaml", environment: [:])
        let compiled = file.compile()
        let plan = try #require(compiled, "\(file.rendered())")
        #expect(file.diagnostics.isEmpty, "\(file.rendered())")
        let text = "\(PlanText(plan: plan))"
        let url = folder.appendingPathComponent("plan.txt")
        if GoldenCase.isUpdating { try text.write(to: url, atomically: true, encoding: .utf8) }
        #expect(text == (try String(contentsOf: url, encoding: .utf8)))
        let functions = Set(plan.features.entities.flatMap(\.aggregates).map(\.function))
        #expect(functions == Set([try #require(AggregateCatalogue.standard[name]).function]))
    }

    @Test(arguments: AggregateCatalogue.standard.specs.map(\.name))
    func mistakesAreSeen(name: String) throws {
        let golden = try #require(GoldenCase.all.first { $0.folder.path == Self.folder(of: name).path })
        let (file, plan, _) = try golden.check()
        #expect(plan == nil)
        // A wrong call of each kind, and a filter that is no filter.
        #expect(file.diagnostics.count >= 3)
        #expect(file.diagnostics.allSatisfy { $0.severity == .error })
    }

    @Test func everyFolderIsOfAnAggregate() {
        let folders = GoldenCase.all.map(\.name).filter { $0.hasPrefix("aggregate-") && $0 != "aggregate-shape" }
        let known = AggregateCatalogue.standard.specs.map { Self.folder(of: $0.name).lastPathComponent }
        #expect(Set(folders) == Set(known))
    }
}
