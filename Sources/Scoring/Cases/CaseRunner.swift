import Configuration
import Diagnostics
import Engine
import Events
import Features

/// Runs the tests that users write for a pipeline.
public struct CaseRunner {
    private let assembly: PipelineAssembly
    private let texts: FeatureTexts

    public init(_ assembly: PipelineAssembly) {
        self.assembly = assembly
        texts = FeatureTexts(assembly)
    }

    /// Reads a file of tests and runs them, unless the file has an error.
    ///
    /// - Parameters:
    ///   - usesColour: for the problems of the file.
    ///   - isWanted: by name, whether a test is run.
    public func run(
        path: String, usesColour: Bool = false, isWanted: (String) -> Bool = { _ in true }
    ) -> CaseFileOutcome {
        var file = CaseFile.load(path: path)
        var programs: [CaseProgram] = []
        if !file.diagnostics.hasErrors {
            let problems = DiagnosticGathering()
            for diagnostic in file.diagnostics { problems.add(diagnostic) }
            programs = CaseCompiler(assembly, file, into: problems).compile()
            file.diagnostics = problems.diagnostics
        }
        if file.diagnostics.hasErrors { programs = [] }
        return CaseFileOutcome(
            path: path, outcomes: programs.filter { isWanted($0.name) }.map(run), diagnostics: file.diagnostics,
            rendered: file.rendered(usesColour: usesColour))
    }

    private func run(_ program: CaseProgram) -> CaseOutcome {
        let trial = TrialRun(
            plan: assembly.scoring, steps: program.steps, recordsOrder: assembly.plan.orderTopic != nil,
            inspected: program.inspected)
        do {
            let result = try trial.run()
            var judge = CaseJudge(program: program, result: result, plan: assembly.scoring, texts: texts)
            judge.judge()
            return CaseOutcome(
                name: program.name, range: program.range, differences: judge.differences, failure: nil,
                events: program.ids.count, compared: judge.compared)
        } catch {
            return CaseOutcome(
                name: program.name, range: program.range, differences: [], failure: "\(error)",
                events: program.ids.count, compared: 0)
        }
    }
}
