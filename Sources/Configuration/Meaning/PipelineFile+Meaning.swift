import Diagnostics

extension PipelineFile {
    /// Adds warnings of what is legal and hardly meant: features that nothing reads, rules that are never reached, times
    /// that do not go together. They are for who writes the file: a run needs none of them.
    ///
    /// - Parameters:
    ///   - plan: what `compile` has made of the file.
    ///   - memoryBytes: what the machine has; `nil`: keys are not held against it.
    public mutating func checkMeaning(of plan: PipelinePlan, memoryBytes: Int? = nil) {
        var found = UnusedFeatures(plan).problems + UnreachableRules(plan).problems + TimesTogether(plan).problems
        if let memoryBytes, let problem = KeyMemoryBound(plan).problem(memoryBytes: memoryBytes) {
            found.append(problem)
        }
        diagnostics = (diagnostics + found.map(plan.spec.redacted)).sortedByPosition()
    }
}
