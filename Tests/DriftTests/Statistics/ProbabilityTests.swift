@testable import Drift
import Testing

@Suite struct ProbabilityTests {
    @Test func chiSquareTailsEqualSciPys() throws {
        let rows = try GoldenFile.rows("chi2_sf.csv")
        #expect(rows.count == 88)
        for row in rows {
            let (degrees, x, expected) = (row[0] ?? .nan, row[1] ?? .nan, row[2] ?? .nan)
            let found = ProbabilityTails.chiSquare(x, degrees: degrees)
            #expect(isNear(found, expected, relative: 1e-11, absolute: 0), "\(degrees), \(x): \(found), \(expected)")
        }
        #expect(ProbabilityTails.chiSquare(1, degrees: 0).isNaN)
        #expect(ProbabilityTails.chiSquare(.nan, degrees: 1).isNaN)
        #expect(ProbabilityTails.chiSquare(.infinity, degrees: 3) == 0)
        #expect(ProbabilityTails.chiSquare(-1, degrees: 3) == 1)
    }

    /// Exact p-values to the last digits however small, asymptotic ones as scipy's finite law.
    @Test func kolmogorovSmirnovTailsEqualSciPys() throws {
        let rows = try GoldenFile.rows("ks_pvalue_grid.csv")
        #expect(rows.count == 190)
        for (index, row) in rows.enumerated() {
            guard let n = row[0], let m = row[1], let h = row[2], let multiple = row[3], let asymptotic = row[5] else {
                Issue.record("\(row)")
                continue
            }
            let steps = Int(h * (n * m / multiple))
            // The largest samples take long in a build without optimisation: a few of them will do.
            if let expected = row[4], n * m < 1e6 || index % 8 == 0 {
                let found = KolmogorovPaths(Int(n), Int(m), steps: steps).outside(isTwoSided: true)
                #expect(isNear(found, expected, relative: 1e-11, absolute: 0), "\(row): \(found)")
            }
            let found = PooledCounts.asymptoticP(h / multiple, n, m, isTwoSided: true)
            #expect(isNear(found, asymptotic, relative: 1e-9, absolute: 1e-12), "\(row): \(found)")
        }
    }

    @Test func harmonicSumsAreTheSums() {
        for n in [1, 2, 31, 32, 33, 1_000] {
            var (sum, squares) = (0.0, 0.0)
            for k in stride(from: n, through: 1, by: -1) {
                sum += 1 / Double(k)
                squares += 1 / Double(k * k)
            }
            #expect(isNear(Harmonic.sum(Double(n)), sum, absolute: 1e-14))
            #expect(isNear(Harmonic.squares(Double(n)), squares, absolute: 1e-14))
        }
    }

    /// The law of the statistic of one observation is known: P(D >= d) = 2 (1 - d) from a half on.
    @Test func theLawOfOneObservation() {
        #expect(KolmogorovDistribution.tail(1, 0.5) == 1)
        #expect(isNear(KolmogorovDistribution.tail(1, 0.75), 0.5, absolute: 1e-15))
        #expect(KolmogorovDistribution.tail(1, 1) == 0)
        #expect(KolmogorovDistribution.tail(0, 0.5).isNaN)
        #expect(KolmogorovDistribution.tail(10, .nan).isNaN)
    }

    /// Neighbouring ways of computing it meet: no step in the tail where one takes over from another.
    @Test(arguments: [50.0, 140, 141, 1_000, 20_000, 150_000])
    func theTailFallsWithoutSteps(n: Double) {
        var last = 1.0
        for step in 1..<60 {
            let d = Double(step) / 60 * 4 / n.squareRoot()
            let p = KolmogorovDistribution.tail(n, d)
            #expect(p <= last + 1e-10 && p >= 0, "n \(n), d \(d): \(p) after \(last)")
            last = p
        }
        #expect(last < 1e-10)
    }
}
