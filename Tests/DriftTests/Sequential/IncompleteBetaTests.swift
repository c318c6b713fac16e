import Foundation
import Testing

@testable import Drift

@Suite struct IncompleteBetaTests {
    /// scipy 1.17.1, `scipy.stats.beta.ppf`.
    static let quantiles: [(a: Double, b: Double, probability: Double, x: Double)] = [
        (1, 10, 0.99, 0.369_042_655_519_806_75),
        (44, 9_957, 0.001, 0.002_633_064_283_904_608_7),
        (9_957, 44, 0.999, 0.997_366_935_716_095_4),
        (0.5, 0.5, 0.3, 0.206_107_373_853_763_4),
        (1e5, 9e5, 0.01, 0.099_303_273_130_324_3),
        (471, 99_530, 0.99, 0.005_228_146_698_912_536),
        (3, 1e8, 0.001_5, 2.196_849_063_135_342e-09),
        (12.5, 700.25, 0.975, 0.028_376_978_077_536_47),
        (5e7, 5e7, 0.5, 0.5),
        (1, 1, 0.25, 0.25),
    ]

    @Test(arguments: quantiles.indices)
    func quantilesAreScipys(index: Int) {
        let (a, b, probability, x) = Self.quantiles[index]
        let own = IncompleteBeta.quantile(probability, a, b)
        #expect(abs(own - x) <= 1e-11 * x, "Beta(\(a), \(b)) at \(probability): \(own), not \(x)")
        #expect(abs(IncompleteBeta.cumulative(own, a, b) - probability) <= 1e-8)
    }

    @Test func theEndsAreTheEnds() {
        #expect(IncompleteBeta.cumulative(-1, 2, 3) == 0)
        #expect(IncompleteBeta.cumulative(0, 2, 3) == 0)
        #expect(IncompleteBeta.cumulative(1, 2, 3) == 1)
        #expect(IncompleteBeta.quantile(0, 2, 3) == 0)
        #expect(IncompleteBeta.quantile(1, 2, 3) == 1)
    }

    @Test func logGammaIsThatOfFactorials() {
        var logFactorial = 0.0
        for n in 1..<200 {
            let own = IncompleteBeta.logGamma(Double(n) + 1)
            if n > 1 { logFactorial += log(Double(n)) }
            #expect(abs(own - logFactorial) <= 1e-13 * max(1, logFactorial), "\(n)!")
        }
    }
}
