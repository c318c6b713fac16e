import Configuration
import Diagnostics
import Foundation
import Testing

@Suite struct GoldenTests {
    /// `UPDATE_GOLDENS=1` rewrites what is expected; where `CI` is set it is refused.
    private static var isUpdating: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["UPDATE_GOLDENS"] == "1" && environment["CI"] == nil
    }

    @Test func updatingIsRefusedInCI() {
        let environment = ProcessInfo.processInfo.environment
        #expect(
            !(environment["UPDATE_GOLDENS"] == "1" && environment["CI"] != nil),
            "goldens are rewritten by hand and looked at, never in CI")
    }

    @Test(arguments: GoldenCase.all)
    func printsWhatIsExpected(golden: GoldenCase) throws {
        let file = try golden.load()
        let printed = file.rendered()
        if Self.isUpdating {
            try printed.write(to: golden.expectedURL, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: golden.expectedURL, encoding: .utf8)
        #expect(printed == expected)
        #expect(file.diagnostics.isEmpty == golden.name.hasPrefix("valid-"))
        #expect(file.spec != nil || file.diagnostics.hasErrors)
    }

    @Test func everyCodeHasAGoldenAndEveryGoldenACode() throws {
        let catalogue = DiagnosticCatalogue.configuration.map(\.code)
        #expect(Set(catalogue).count == catalogue.count, "a code stands twice in the catalogue")
        var seen: Set<String> = []
        for golden in GoldenCase.all { seen.formUnion(try golden.load().diagnostics.map(\.code)) }
        #expect(seen.subtracting(catalogue).isEmpty)
        #expect(Set(catalogue).subtracting(seen).isEmpty)
        #expect(GoldenCase.all.count > catalogue.count)
    }

    /// Values that came from the environment, and secrets in the file, never get out.
    @Test(arguments: GoldenCase.all)
    func noSecretIsPrinted(golden: GoldenCase) throws {
        let file = try golden.load()
        let json = DiagnosticRenderer.json(file.diagnostics, path: file.path)
        #expect(!file.rendered().contains("hunter"))
        #expect(!json.contains("hunter"))
        #expect(!file.source.text.contains("hunter"))
    }

    @Test func everyProblemHasAPlaceUnlessNoneIsToBlame() throws {
        let placeless: Set = ["unreadable-file", "file-too-large", "too-many-problems"]
        for golden in GoldenCase.all {
            for diagnostic in try golden.load().diagnostics {
                #expect((diagnostic.range == nil) == placeless.contains(diagnostic.code), "\(golden): \(diagnostic)")
                #expect(diagnostic.message.first?.isUppercase != true, "\(golden): \(diagnostic)")
            }
        }
    }
}
