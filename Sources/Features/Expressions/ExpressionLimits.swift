/// Bounds on one expression; beyond them it is refused with a diagnostic.
public struct ExpressionLimits: Hashable, Sendable {
    /// Unicode scalars in the text.
    public var charactersMax: Int
    /// Nested parentheses, calls and `if`: the call stack of the parser grows with these only.
    public var depthMax: Int
    /// Values that are needed at once; each takes 4 KiB of a worker's `ExpressionScratch`.
    public var registersMax: Int
    /// Problems reported for one expression; the rest is left out.
    public var diagnosticsMax: Int

    public init(
        charactersMax: Int = 10_000, depthMax: Int = 100, registersMax: Int = 256, diagnosticsMax: Int = 20
    ) {
        self.charactersMax = charactersMax
        self.depthMax = depthMax
        self.registersMax = registersMax
        self.diagnosticsMax = diagnosticsMax
    }
}
