import Configuration
import Diagnostics
import Foundation
import Testing

@Suite struct GoldenTests {
    @Test func updatingIsRefusedInCI() {
        let environment = ProcessInfo.processInfo.environment
        #expect(
            !(environment["UPDATE_GOLDENS"] == "1" && environment["CI"] != nil),
            "goldens are rewritten by hand and looked at, never in CI")
    }

    @Test(arguments: GoldenCase.all)
    func printsWhatIsExpected(golden: GoldenCase) throws {
        let (file, plan, models) = try golden.check()
        let printed = golden.printed(file)
        if GoldenCase.isUpdating {
            try printed.write(to: golden.expectedURL, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: golden.expectedURL, encoding: .utf8)
        #expect(printed == expected)
        #expect(file.allDiagnostics.isEmpty == golden.name.hasPrefix("valid-"))
        #expect(file.spec != nil || file.diagnostics.hasErrors)
        // What is wrong with the cluster's properties does not touch the plan.
        let own = file.diagnostics.filter { $0.code != "unreadable-properties" }
        #expect((plan != nil && models != nil) != own.hasErrors)
        #expect(file.hasErrors == file.allDiagnostics.hasErrors)
    }

    @Test func everyCodeHasAGoldenAndEveryGoldenACode() throws {
        let all = DiagnosticCatalogue.all.map(\.code)
        #expect(Set(all).count == all.count, "a code stands twice in the catalogue")
        var seen: Set<String> = []
        for golden in GoldenCase.all { seen.formUnion(try golden.check().file.allDiagnostics.map(\.code)) }
        #expect(seen.subtracting(all).isEmpty)
        let reachable =
            DiagnosticCatalogue.configuration + DiagnosticCatalogue.expressions + DiagnosticCatalogue.plan
            + DiagnosticCatalogue.meaning
        #expect(Set(reachable.map(\.code)).subtracting(seen).isEmpty)
        // The rest of the models' codes has its files in the tests of models.
        #expect(seen.intersection(DiagnosticCatalogue.models.map(\.code)).count >= 5)
        #expect(GoldenCase.all.count > reachable.count)
    }

    @Test func everyEntryOfTheCatalogueIsASentence() {
        for entry in DiagnosticCatalogue.all {
            #expect(entry.meaning.last == "." && entry.remedy.last == ".", "\(entry.code)")
            #expect(entry.code.allSatisfy { $0 == "-" || $0.isLowercase || $0.isNumber }, "\(entry.code)")
        }
    }

    /// Values that came from the environment, and secrets in the file, never get out.
    @Test(arguments: GoldenCase.all)
    func noSecretIsPrinted(golden: GoldenCase) throws {
        let file = try golden.check().file
        #expect(!file.rendered().contains("hunter"))
        for diagnostic in file.allDiagnostics { #expect(!"\(diagnostic)".contains("hunter")) }
        #expect(!file.source.text.contains("hunter"))
        #expect(file.propertyFile?.source.text.contains("hunter") != true)
    }

    @Test func everyProblemHasAPlaceUnlessNoneIsToBlame() throws {
        let placeless: Set = ["unreadable-file", "file-too-large", "too-many-problems"]
        for golden in GoldenCase.all {
            for diagnostic in try golden.check().file.allDiagnostics {
                #expect((diagnostic.range == nil) == placeless.contains(diagnostic.code), "\(golden): \(diagnostic)")
                #expect(diagnostic.message.first?.isUppercase != true, "\(golden): \(diagnostic)")
            }
        }
    }
}

extension PipelineFile {
    /// Those of the pipeline file, then those of the file with properties.
    var allDiagnostics: [Diagnostic] { diagnostics + (propertyFile?.diagnostics ?? []) }
}
