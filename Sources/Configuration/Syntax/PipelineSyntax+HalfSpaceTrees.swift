import Models

extension PipelineSyntax {
    /// What a model of `kind: half-space-trees` may have beside its name and inputs.
    static let halfSpaceTreesKeys = [
        KeySpec(
            "kind", .choice([HalfSpaceTreesSpec.kind]),
            "In the place of `file`: a model that learns as it scores, without labels."),
        KeySpec("trees", .integer(range(HalfSpaceTreesParameters.treesRange)), "How many trees.", standard: "25"),
        KeySpec(
            "height", .integer(range(HalfSpaceTreesParameters.heightRange)), "Divisions on the way to a leaf, at most.",
            standard: "15"),
        KeySpec(
            "window", .integer(range(HalfSpaceTreesParameters.windowRange)),
            "Events after which trees take over what they have counted.", standard: "250"),
        KeySpec(
            "size_limit", .integer(range(1...HalfSpaceTreesParameters.windowRange.upperBound)),
            "A part of space with fewer events is not divided; a tenth of the window where it is not given."),
        KeySpec("seed", .integer(0...Int64.max), "Decides where trees divide.", standard: "1"),
    ]

    private static func range(_ range: ClosedRange<Int>) -> ClosedRange<Int64> {
        Int64(range.lowerBound)...Int64(range.upperBound)
    }
}
