import Diagnostics
public import Models

/// A model of `kind: half-space-trees`.
public struct HalfSpaceTreesSpec: Sendable {
    static let kind = "half-space-trees"

    /// Without its number of inputs, which is known when the pipeline is compiled.
    let written: HalfSpaceTreesParameters
    /// The place of `kind`.
    let kindRange: SourceRange
    /// The places of the keys that were written.
    let ranges: [String: SourceRange]

    /// The parameters for so many inputs.
    public func parameters(inputCount: Int) -> HalfSpaceTreesParameters {
        var parameters = written
        parameters.inputCount = inputCount
        return parameters
    }
}
