import Glibc

/// The shares of two samples in the same bins, and how far apart they are.
public struct BinnedShares: Hashable, Sendable {
    public internal(set) var reference: [Double]
    public internal(set) var current: [Double]

    public init(reference: [Double], current: [Double]) {
        precondition(reference.count == current.count, "\(reference.count) and \(current.count) bins")
        self.reference = reference
        self.current = current
    }

    /// Empty bins get a small share, as Evidently has it: 0.0001, or a millionth of the smallest other share of its side
    /// where that is at most 0.0001. Nothing is renormalised.
    public var filledAsEvidently: BinnedShares {
        BinnedShares(reference: Self.filled(reference), current: Self.filled(current))
    }

    private static func filled(_ shares: [Double]) -> [Double] {
        guard let smallest = shares.filter({ $0 != 0 }).min() else { return shares }
        let fill = smallest <= 0.0001 ? smallest / 1e6 : 0.0001
        return shares.map { $0 == 0 ? fill : $0 }
    }

    /// The population stability index: the sum of (p - q) ln(p / q). Infinite where a bin is empty on one side only.
    public var stabilityIndex: Double {
        var sum = 0.0
        for bin in reference.indices where reference[bin] != current[bin] {
            sum += (reference[bin] - current[bin]) * log(reference[bin] / current[bin])
        }
        return sum
    }

    /// The square root of the Jensen-Shannon divergence: at most sqrt(ln 2) = 0.83 with natural logarithms, 1 in base 2.
    ///
    /// - Parameter base: of the logarithm; `nil`: e.
    public func jensenShannonDistance(base: Double? = nil) -> Double {
        let (ofReference, ofCurrent) = (reference.reduce(0, +), current.reduce(0, +))
        var sum = 0.0
        for bin in reference.indices {
            let (p, q) = (reference[bin] / ofReference, current[bin] / ofCurrent)
            let middle = (p + q) / 2
            sum += Self.relativeEntropy(p, middle) + Self.relativeEntropy(q, middle)
        }
        let divergence = sum / 2 / (base.map { log($0) } ?? 1)
        return divergence.isNaN ? .nan : max(0, divergence).squareRoot()
    }

    /// The Kullback-Leibler divergence of the reference from the current shares, each side renormalised.
    public var kullbackLeibler: Double {
        let (ofReference, ofCurrent) = (reference.reduce(0, +), current.reduce(0, +))
        var sum = 0.0
        for bin in reference.indices {
            sum += Self.relativeEntropy(reference[bin] / ofReference, current[bin] / ofCurrent)
        }
        return sum
    }

    /// The Hellinger distance, from 0 to 1.
    public var hellinger: Double {
        var overlap = 0.0
        for bin in reference.indices { overlap += (reference[bin] * current[bin]).squareRoot() }
        return overlap.isNaN ? .nan : (1 - min(1, max(0, overlap))).squareRoot()
    }

    static func relativeEntropy(_ p: Double, _ q: Double) -> Double {
        p == 0 ? 0 : p * log(p / q)
    }
}
