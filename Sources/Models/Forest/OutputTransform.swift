#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a row's margins become its predictions. Exponentials are float64, rounded once to float32.
public enum OutputTransform: String, Hashable, Sendable, CaseIterable {
    case identity
    /// 1 / (1 + exp(-margin)).
    case logistic
    case exponential
    /// 1 where the margin is above 0, else 0.
    case hinge
    /// exp(margin) over the sum of the groups' exp(margin).
    case softmax
    /// The number of the group with the greatest margin (the first of equals): one output whatever the groups.
    case greatestGroup = "greatest-group"

    /// How many predictions a row has with so many groups.
    public func outputCount(groupCount: Int) -> Int { self == .greatestGroup ? 1 : groupCount }

    /// Turns `rowCount` rows of `groupCount` margins into predictions where they stand; rows move together where a row
    /// has fewer predictions than margins.
    ///
    /// Complexity: O(rows x groups), no allocation.
    func apply(_ values: UnsafeMutablePointer<Float>, rowCount: Int, groupCount: Int) {
        let count = rowCount &* groupCount
        switch self {
        case .identity: break
        case .logistic: for index in 0..<count { values[index] = Self.logistic(values[index]) }
        case .exponential: for index in 0..<count { values[index] = Float(exp(Double(values[index]))) }
        case .hinge: for index in 0..<count { values[index] = values[index] > 0 ? 1 : 0 }
        case .softmax: for row in 0..<rowCount { Self.softmax(values + row &* groupCount, groupCount) }
        case .greatestGroup:
            for row in 0..<rowCount { values[row] = Self.greatest(values + row &* groupCount, groupCount) }
        }
    }

    /// The library bounds the exponent, so that float32 holds the power: nothing is below 3e-39.
    @inline(__always)
    static func logistic(_ margin: Float) -> Float { Float(1 / (1 + exp(Double(min(-margin, 88.7))))) }

    private static func softmax(_ margins: UnsafeMutablePointer<Float>, _ count: Int) {
        var greatest = margins[0]
        for group in 1..<max(1, count) { greatest = max(greatest, margins[group]) }
        // As XGBoost does it, which is exact to the bit: differences, exponentials and quotients are float32, the sum
        // is float64. In float64 throughout the result would be up to 9 ulp from the library's.
        var sum = 0.0
        for group in 0..<count {
            let power = Float(exp(Double(margins[group] - greatest)))
            margins[group] = power
            sum += Double(power)
        }
        for group in 0..<count { margins[group] /= Float(sum) }
    }

    private static func greatest(_ margins: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
        var best = 0
        for group in 1..<max(1, count) where margins[group] > margins[best] { best = group }
        return Float(best)
    }
}
