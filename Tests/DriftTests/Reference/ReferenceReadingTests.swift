import Testing

@testable import Drift

/// A reference file is not to be trusted: each value that later code relies on is broken once.
@Suite struct ReferenceReadingTests {
    struct Parts {
        var strata = [SeriesReference.Stratum(counts: [50, 30, 15, 5], boundingEvents: 90, exceedances: [45, 18])]
        var missing = 3
        var thresholds = [0, 1]
        var dispersion = [1.0, 2.5]
        var hours = 4

        func read() throws(ReferenceFault) -> SeriesReference {
            try SeriesReference(
                reading: ValueGrid(from: 0, to: 3, cells: 4), strata: strata, missingCount: missing,
                thresholds: thresholds, dispersion: dispersion, hourCount: hours)
        }

        mutating func stratum(counts: [Int]? = nil, events: Int? = nil, exceedances: [Int]? = nil) {
            let own = strata[0]
            strata[0] = SeriesReference.Stratum(
                counts: counts ?? own.counts, boundingEvents: events ?? own.boundingEvents,
                exceedances: exceedances ?? own.exceedances)
        }
    }

    @Test func aSoundReferenceIsTaken() throws {
        let reference = try Parts().read()
        #expect(reference.eventCount == 100)
        #expect(reference.counts == [50, 30, 15, 5])
        #expect(reference.quantile(0.81) == 2)
        #expect(reference.bets().components.count == 16)
    }

    /// However many events a file claims: the bounds come in bounded time, and are those of fewer events.
    @Test func hugeCountsMakeBoundsInBoundedTime() throws {
        var parts = Parts()
        parts.stratum(counts: [1 << 47, 1 << 45, 1 << 44, 1 << 43], events: 1 << 47, exceedances: [1 << 45, 1 << 43])
        parts.strata = Array(repeating: parts.strata[0], count: 24)
        let bets = try parts.read().bets()
        #expect(bets.strataCount == 24)
        let huge = ExceedanceBounds.clopperPearson(exceedances: 1 << 45, events: 1 << 47, error: 0.02)
        let large = ExceedanceBounds.clopperPearson(exceedances: 2_500_000, events: 10_000_000, error: 0.02)
        #expect(abs(huge.lower - large.lower) < 1e-9 && abs(huge.upper - large.upper) < 1e-9)
        #expect(huge.lower < 0.25 && huge.upper > 0.25)
    }

    static let breaks: [@Sendable (inout Parts) -> Void] = [
        { $0.strata = [] },
        { $0.strata += $0.strata },
        { $0.missing = -1 },
        { $0.hours = 0 },
        { $0.thresholds = [] },
        { $0.thresholds = [1, 1] },
        { $0.thresholds = [-1, 1] },
        { $0.thresholds = [0, 3] },
        { $0.thresholds = Array(0..<65) },
        { $0.dispersion = [1] },
        { $0.dispersion = [1, 0.9] },
        { $0.dispersion = [1, .nan] },
        { $0.dispersion = [1, .infinity] },
        { $0.stratum(counts: [50, 30, 15]) },
        { $0.stratum(counts: [50, 30, -15, 5]) },
        { $0.stratum(counts: [.max, .max, 15, 5]) },
        { $0.stratum(events: 0) },
        { $0.stratum(events: 101) },
        { $0.stratum(exceedances: [45]) },
        { $0.stratum(exceedances: [18, 45]) },
        { $0.stratum(exceedances: [45, -1]) },
        { $0.stratum(exceedances: [51, 18]) },
        { $0.stratum(events: 20, exceedances: [45, 18]) },
    ]

    @Test(arguments: breaks.indices)
    func aBrokenOneIsRefused(index: Int) {
        var parts = Parts()
        Self.breaks[index](&parts)
        #expect(throws: ReferenceFault.self) { try parts.read() }
    }

    /// scipy 1.17.1: `norm.ppf`, `chi2.ppf`.
    @Test func quantilesAreNearEnough() {
        #expect(abs(NormalLaw.quantile(0.99) - 2.326_347_874) < 1e-8)
        #expect(abs(NormalLaw.quantile(1e-6) + 4.753_424_309) < 1e-8)
        for (probability, degrees, exact) in [
            (0.999, 8.0, 26.124_481_6), (0.999, 25, 52.619_655_8), (0.999, 864, 997.9), (0.05, 25, 14.611_407_6),
        ] {
            let own = NormalLaw.chiSquareQuantile(probability, degrees: degrees)
            #expect(abs(own - exact) < 0.01 * exact, "\(probability) of \(degrees): \(own)")
        }
    }
}
