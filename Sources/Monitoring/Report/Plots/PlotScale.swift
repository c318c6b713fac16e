import Glibc

/// From values to places on a picture: 0 is the first, 1 the last.
struct PlotScale: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case linear, logarithmic }

    let kind: Kind
    let lowest: Double
    let highest: Double

    /// Ends that are not finite or in the wrong order make a scale from 0 to 1 (or 1 to 10), not a trap.
    init(_ kind: Kind = .linear, from lowest: Double, to highest: Double) {
        self.kind = kind
        let isGood =
            lowest < highest && (highest - lowest).isFinite && (kind == .linear || lowest > 0)
        self.lowest = isGood ? lowest : kind == .linear ? 0 : 1
        self.highest = isGood ? highest : kind == .linear ? 1 : 10
    }

    /// From 0 to 1; what lies outside is at the end that is nearer, as is NaN at the first.
    func place(_ value: Double) -> Double {
        if value.isNaN || value <= lowest { return 0 }
        if value >= highest { return 1 }
        switch kind {
        case .linear: return (value - lowest) / (highest - lowest)
        case .logarithmic: return log(value / lowest) / log(highest / lowest)
        }
    }

    /// Round values within the scale, at most about `wanted`: 1, 2 or 5 times a power of ten, or powers of ten.
    func ticks(_ wanted: Int = 4) -> [Double] {
        switch kind {
        case .linear:
            let step = Self.roundStep((highest - lowest) / Double(max(1, wanted)))
            guard step > 0, step.isFinite else { return [] }
            let first = (lowest / step).rounded(.up)
            let last = (highest / step).rounded(.down)
            // So near each other that their numbers cannot be told apart: there is nothing to be marked.
            guard last - first <= Double(4 * wanted), abs(last) < 1e15 else { return [] }
            return stride(from: first, through: last, by: 1).map { $0 * step }
        case .logarithmic:
            let (first, last) = (Int(log10(lowest).rounded(.up)), Int(log10(highest).rounded(.down)))
            guard first <= last else { return [] }
            let step = max(1, (last - first + wanted) / max(1, wanted))
            return stride(from: first, through: last, by: step).map { pow(10, Double($0)) }
        }
    }

    /// The least of 1, 2 and 5 times a power of ten that is not below a step.
    static func roundStep(_ step: Double) -> Double {
        guard step > 0, step.isFinite else { return 0 }
        let power = pow(10, floor(log10(step)))
        for factor in [1.0, 2, 5] where factor * power >= step * (1 - 1e-9) { return factor * power }
        return 10 * power
    }
}
