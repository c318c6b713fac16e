#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a row's margins become its predictions, all in float64.
enum DoubleTransform: Hashable, Sendable {
    case identity
    /// 1 / (1 + exp(-slope x margin)), each group for itself.
    case logistic(slope: Double)
    case exponential
    /// The square with the margin's sign.
    case signedSquare
    /// log(1 + exp(margin)).
    case softplus
    /// exp(margin) over the sum of the groups' exp(margin).
    case softmax

    /// Turns `rowCount` rows of `groupCount` margins into predictions where they stand.
    ///
    /// Complexity: O(rows x groups), no allocation.
    func apply(_ values: UnsafeMutablePointer<Double>, rowCount: Int, groupCount: Int) {
        let count = rowCount &* groupCount
        switch self {
        case .identity: break
        case .logistic(let slope):
            for index in 0..<count { values[index] = 1 / (1 + exp(-slope * values[index])) }
        case .exponential: for index in 0..<count { values[index] = exp(values[index]) }
        case .signedSquare:
            for index in 0..<count {
                let margin = values[index]
                // A sign of 0 for 0, and the product from the left: the library's bits.
                values[index] = margin == 0 ? 0 : (margin > 0 ? 1 : -1) * margin * margin
            }
        case .softplus: for index in 0..<count { values[index] = log1p(exp(values[index])) }
        case .softmax: for row in 0..<rowCount { Self.softmax(values + row &* groupCount, groupCount) }
        }
    }

    private static func softmax(_ margins: UnsafeMutablePointer<Double>, _ count: Int) {
        var greatest = margins[0]
        for group in 1..<max(1, count) { greatest = max(greatest, margins[group]) }
        var sum = 0.0
        for group in 0..<count {
            margins[group] = exp(margins[group] - greatest)
            sum += margins[group]
        }
        for group in 0..<count { margins[group] /= sum }
    }
}
