import Drift

/// Statistics with a p-value.
extension StatisticCatalogue {
    static let tests: [Entry] = [
        Entry("ks", "Kolmogorov-Smirnov, two-sided", usual: true) { kolmogorov($0, "ks", .twoSided) },
        Entry("ad", "Anderson-Darling, midranks", usual: true) { darling($0, "ad", .midrank) },
        Entry("cvm", "Cramer-von Mises, as a distance", usual: true) { pooled in
            let test = pooled.cramerVonMises()
            return StatisticRow(
                "cvm", "Cramer-von Mises", test.statistic, pValue: test.pValue,
                parameters: ["form": "distance", "method": pooled.hasTies ? "asymptotic" : mises(pooled)])
        },
        Entry("es", "Epps-Singleton", usual: true) { pooled in
            let test = pooled.eppsSingleton()
            let isUndefined = test.statistic.isNaN
            return StatisticRow(
                "es", "Epps-Singleton", test.statistic, pValue: test.pValue, parameters: ["t": "0.4, 0.8"],
                note: isUndefined ? "needs 5 observations a side and a spread" : "")
        },
        Entry("mwu", "Mann-Whitney U, two-sided", usual: true) { pooled in
            let test = pooled.mannWhitney()
            return StatisticRow(
                "mwu", "Mann-Whitney U", test.statistic, pValue: test.pValue,
                parameters: ["alternative": "two-sided", "method": "asymptotic"], note: "sees shifts only")
        },
        Entry("chi2", "chi-square between the reference's deciles, both sides as samples", usual: true) { pooled in
            let test = pooled.chiSquare()
            return StatisticRow(
                "chi2", "chi-square", test.statistic, pValue: test.pValue,
                parameters: ["bins": "reference deciles", "df": "\(test.degrees)"])
        },
    ]

    static func kolmogorov(
        _ pooled: PooledCounts, _ name: String, _ alternative: KolmogorovSmirnov.Alternative
    ) -> StatisticRow {
        let test = pooled.kolmogorovSmirnov(alternative: alternative)
        return StatisticRow(
            name, "Kolmogorov-Smirnov", test.statistic, pValue: test.pValue,
            parameters: [
                "alternative": alternative.rawValue, "method": test.method.rawValue, "location": "\(test.location)",
                "sign": "\(test.sign)",
            ], note: StatisticNote.ties(pooled))
    }

    static func darling(_ pooled: PooledCounts, _ name: String, _ variant: AndersonDarling.Variant) -> StatisticRow {
        let test = pooled.andersonDarling(variant)
        let range = AndersonDarling.pValueRange
        let note =
            test.pValue == range.upperBound
            ? "p is at least this" : test.pValue == range.lowerBound ? "p is at most this" : ""
        let ties = variant == .continuous && pooled.hasTies ? "ties: rejects samples of one distribution" : ""
        return StatisticRow(
            name, "Anderson-Darling", test.statistic, pValue: test.pValue, parameters: ["variant": variant.rawValue],
            note: StatisticNote.joined(note, ties))
    }

    static func mises(_ pooled: PooledCounts) -> String {
        max(pooled.referenceCount, pooled.currentCount) <= CramerVonMises.exactMax ? "exact" : "asymptotic"
    }

    /// What is there for those who come from elsewhere, or know why they want it.
    static let byName: [Entry] = [
        Entry("ks-greater", "Kolmogorov-Smirnov, current values larger", usual: false) {
            kolmogorov($0, "ks-greater", .greater)
        },
        Entry("ks-less", "Kolmogorov-Smirnov, current values smaller", usual: false) {
            kolmogorov($0, "ks-less", .less)
        },
        Entry("ad-right", "Anderson-Darling, right of each value", usual: false) { darling($0, "ad-right", .right) },
        Entry("ad-continuous", "Anderson-Darling, as if without ties", usual: false) {
            darling($0, "ad-continuous", .continuous)
        },
        Entry("cvm-scipy", "Cramer-von Mises by ranks, as scipy: wrong with ties", usual: false) { pooled in
            let test = pooled.cramerVonMisesOfRanks()
            return StatisticRow(
                "cvm-scipy", "Cramer-von Mises", test.statistic, pValue: test.pValue,
                parameters: ["form": "ranks", "method": mises(pooled)],
                note: pooled.hasTies ? "ties: rejects samples of one distribution" : "")
        },
        Entry("chi2-evidently", "chi-square of values as categories, as Evidently", usual: false) { pooled in
            let test = pooled.evidentlyChiSquare()
            return StatisticRow(
                "chi2-evidently", "chi-square", test.statistic, pValue: test.pValue,
                parameters: ["bins": "values", "df": "\(test.degrees)"], note: "the reference is taken as known")
        },
        Entry("psi-evidently", "population stability index, as Evidently", usual: false) { pooled in
            StatisticRow(
                "psi-evidently", "PSI", pooled.evidentlyShares(.numerical)?.filledAsEvidently.stabilityIndex ?? .nan,
                parameters: evidentlyBins, note: StatisticNote.evidently)
        },
        Entry("js-base2", "Jensen-Shannon distance in base 2", usual: false) { pooled in
            StatisticRow(
                "js-base2", "Jensen-Shannon",
                pooled.evidentlyShares(.numerical)?.jensenShannonDistance(base: 2) ?? .nan,
                parameters: evidentlyBins.merging(["base": "2"]) { $1 })
        },
    ]

    static let evidentlyBins = ["bins": "Evidently's: equal width over both, or a value each"]
}
