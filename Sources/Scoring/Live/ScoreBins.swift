/// Bins of equal width for scores, and what a reference says of them.
public struct ScoreBins: Sendable {
    public let lowest: Double
    public let highest: Double
    public let count: Int
    /// The share of each bin; empty: there is no reference.
    public let reference: [Double]

    /// From 0 to 1, as scores are without anything said.
    public static let plain = ScoreBins(lowest: 0, highest: 1, count: 20)

    /// - Precondition: lowest < highest, both finite.
    public init(lowest: Double, highest: Double, count: Int, reference: [Double] = []) {
        precondition(lowest < highest && (highest - lowest).isFinite && count > 0, "\(count) bins")
        precondition(reference.isEmpty || reference.count == count, "\(reference.count) shares of \(count) bins")
        (self.lowest, self.highest, self.count, self.reference) = (lowest, highest, count, reference)
    }

    public var edges: [Double] { (0...count).map { lowest + (highest - lowest) * Double($0) / Double(count) } }

    /// What is below or above falls into the outer bins.
    @inline(__always)
    public func bin(_ score: Double) -> Int {
        // Clamped as a double: an integer of an unbounded one would trap.
        Int(min(max((score - lowest) / (highest - lowest) * Double(count), 0), Double(count - 1)))
    }
}
