import Drift
import Foundation
import Testing

/// A pair of samples and what scipy and Evidently say of it.
struct GoldenPair: CustomTestStringConvertible, Sendable {
    let name: String
    let reference: [Double]
    let current: [Double]
    let results: [String: GoldenValue]

    var testDescription: String { name }
    var pooled: PooledCounts? { PooledCounts(reference: reference, current: current) }

    init?(_ value: GoldenValue) {
        guard let name = value["name"]?.text, let reference = value["ref"], let current = value["cur"] else {
            return nil
        }
        self.name = name
        self.reference = reference.numbers
        self.current = current.numbers
        results = value["results"]?.members ?? [:]
    }

    static let all: [GoldenPair] = {
        let folder = GoldenFile.hasShared ? GoldenFile.shared : GoldenFile.beside
        let name = GoldenFile.hasShared ? "pairs.json" : "pairs_sample.json"
        let cases = (try? GoldenFile.json(name, in: folder))?["cases"]?.elements ?? []
        return cases.compactMap { GoldenPair($0) }
    }()

    /// A number that is recorded; where the library failed, what we have for undefined: NaN. `nil`: nothing is recorded.
    func number(_ key: String, _ member: String? = nil) -> Double? {
        guard let result = results[key] else { return nil }
        if result["error"] != nil { return .nan }
        return member.map { result[$0]?.number ?? .nan } ?? result.number
    }
}

/// Everything equals what scipy 1.17.1 and Evidently 0.7.23 gave; the whole set where `../shared` is there, else a part.
@Suite struct GoldenPairTests {
    @Test func theGoldenPairsAreThere() {
        #expect(GoldenPair.all.count == (GoldenFile.hasShared ? 36 : 19))
    }

    @Test(arguments: GoldenPair.all)
    func kolmogorovSmirnov(_ pair: GoldenPair) {
        for alternative in KolmogorovSmirnov.Alternative.allCases {
            for method in KolmogorovSmirnov.Method.allCases {
                let key = "scipy.ks_2samp/\(alternative.rawValue)/\(method.rawValue)"
                guard let statistic = pair.number(key, "statistic"), let p = pair.number(key, "pvalue") else {
                    Issue.record("\(key) is not recorded")
                    continue
                }
                let warnings = pair.results[key]?["warned"]?.elements.compactMap(\.text) ?? []
                let gaveUp = warnings.contains { $0.contains("Exact calculation unsuccessful") }
                // Where scipy gives up being exact, its asymptotic value is held against ours.
                let ours = pair.pooled?.kolmogorovSmirnov(
                    alternative: alternative, method: gaveUp ? .asymptotic : method)
                #expect(isNear(ours?.statistic ?? .nan, statistic), "\(key): \(ours?.statistic ?? .nan)")
                #expect(isNear(ours?.pValue ?? .nan, p), "\(key): \(ours?.pValue ?? .nan), scipy \(p)")
                if !gaveUp, method != .asymptotic, p > 0 {
                    #expect(isNear(ours?.pValue ?? .nan, p, absolute: 0), "\(key): exact, and small")
                }
            }
        }
    }

    /// Where several values are as far, scipy's choice rests on rounding: the distance there is what counts.
    @Test(arguments: GoldenPair.all)
    func kolmogorovSmirnovLocation(_ pair: GoldenPair) {
        guard let ours = pair.pooled?.kolmogorovSmirnov(method: .asymptotic), !ours.statistic.isNaN else { return }
        let f = Double(pair.reference.count { $0 <= ours.location }) / Double(pair.reference.count)
        let g = Double(pair.current.count { $0 <= ours.location }) / Double(pair.current.count)
        #expect(isNear((f - g) * Double(ours.sign), ours.statistic))
    }

    @Test(arguments: GoldenPair.all)
    func cramerVonMisesOfRanks(_ pair: GoldenPair) {
        for (key, isExact) in [("auto", nil), ("asymptotic", false), ("exact", true)] {
            guard let statistic = pair.number("scipy.cramervonmises_2samp/\(key)", "statistic"),
                let p = pair.number("scipy.cramervonmises_2samp/\(key)", "pvalue")
            else { continue }
            // Beyond 20 observations there is no exact p-value here.
            if isExact == true && max(pair.reference.count, pair.current.count) > CramerVonMises.exactMax { continue }
            let ours = pair.pooled?.cramerVonMisesOfRanks(isExact: isExact)
            #expect(isNear(ours?.statistic ?? .nan, statistic), "\(key): \(ours?.statistic ?? .nan)")
            #expect(isNear(ours?.pValue ?? .nan, p), "\(key): \(ours?.pValue ?? .nan), scipy \(p)")
            // Without ties the distance of the distribution functions is the same statistic.
            if let pooled = pair.pooled, !pooled.hasTies, isExact == nil {
                #expect(isNear(pooled.cramerVonMises().statistic, statistic))
                #expect(isNear(pooled.cramerVonMises().pValue, p))
            }
        }
    }

    @Test(arguments: GoldenPair.all)
    func andersonDarling(_ pair: GoldenPair) {
        for variant in AndersonDarling.Variant.allCases {
            let key = "scipy.anderson_ksamp/\(variant.rawValue)"
            guard let statistic = pair.number(key, "statistic"), let p = pair.number(key, "pvalue") else { continue }
            let ours = pair.pooled?.andersonDarling(variant)
            // Scipy sorts a NaN behind all numbers; here a sample with one is refused.
            if pair.name == "nan_in_cur" {
                #expect(ours == nil)
                continue
            }
            #expect(isNear(ours?.statistic ?? .nan, statistic), "\(key): \(ours?.statistic ?? .nan)")
            #expect(isNear(ours?.pValue ?? .nan, p), "\(key): \(ours?.pValue ?? .nan)")
        }
    }

    @Test(arguments: GoldenPair.all)
    func otherTests(_ pair: GoldenPair) {
        check(pair, "scipy.epps_singleton_2samp", pair.pooled?.eppsSingleton())
        check(pair, "scipy.mannwhitneyu/two-sided/asymptotic", pair.pooled?.mannWhitney())
    }

    private func check(_ pair: GoldenPair, _ key: String, _ ours: TwoSampleResult?) {
        guard let statistic = pair.number(key, "statistic"), let p = pair.number(key, "pvalue") else {
            Issue.record("\(key) is not recorded")
            return
        }
        #expect(isNear(ours?.statistic ?? .nan, statistic), "\(key): \(ours?.statistic ?? .nan)")
        #expect(isNear(ours?.pValue ?? .nan, p), "\(key): \(ours?.pValue ?? .nan)")
    }

    @Test(arguments: GoldenPair.all)
    func distances(_ pair: GoldenPair) {
        let pooled = pair.pooled
        check(pair, "scipy.wasserstein_distance", pooled?.wasserstein)
        check(pair, "scipy.energy_distance", pooled?.energyDistance)
        check(pair, "evidently.wasserstein_norm", pooled?.wassersteinOverDeviation)
        // A NaN is refused here; Evidently bins what is left of the sample.
        if pair.name == "nan_in_cur" { return }
        for (name, bins) in [("num", PooledCounts.EvidentlyBins.numerical), ("cat", .categorical)] {
            let shares = pooled?.evidentlyShares(bins)
            check(pair, "evidently.psi/\(name)", shares?.filledAsEvidently.stabilityIndex)
            check(pair, "evidently.jensenshannon/\(name)", shares?.jensenShannonDistance())
            check(pair, "evidently.kl_div/\(name)", shares?.filledAsEvidently.kullbackLeibler)
            // Of an empty sample Evidently says that all of it is elsewhere; here nothing is said.
            if pair.name != "empty_cur" {
                check(pair, "evidently.hellinger/\(name)", pooled?.evidentlyHellinger(bins))
            }
        }
        check(pair, "evidently.chisquare/cat", pooled?.evidentlyChiSquare().pValue)
    }

    @Test(arguments: GoldenPair.all)
    func evidentlyBins(_ pair: GoldenPair) throws {
        if pair.name == "nan_in_cur" { return }
        guard let raw = pair.results["evidently.binned/raw"], raw["error"] == nil else { return }
        let shares = try #require(pair.pooled?.evidentlyShares(.numerical))
        let filled = try #require(pair.results["evidently.binned/fill_zeroes"])
        // A bin a value has no order in Evidently: a set's.
        let isOrdered = Set(pair.reference).count > 20
        let order = { (values: [Double]) in isOrdered ? values : values.sorted() }
        for (ours, theirs) in [
            (shares.reference, raw["ref"]), (shares.current, raw["cur"]),
            (shares.filledAsEvidently.reference, filled["ref"]), (shares.filledAsEvidently.current, filled["cur"]),
        ] {
            let theirs = try #require(theirs).numbers
            #expect(ours.count == theirs.count)
            for (mine, its) in zip(order(ours), order(theirs)) { #expect(isNear(mine, its, absolute: 0)) }
        }
    }

    private func check(_ pair: GoldenPair, _ key: String, _ ours: Double?) {
        // Not every pair has every result.
        guard let expected = pair.number(key) else { return }
        #expect(isNear(ours ?? .nan, expected), "\(key): \(ours ?? .nan), recorded \(expected)")
    }
}
