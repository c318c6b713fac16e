import Drift

/// Statistics without a p-value.
extension StatisticCatalogue {
    static let distances: [Entry] = [
        Entry("psi", "population stability index between the reference's deciles", usual: true) { pooled in
            StatisticRow(
                "psi", "PSI", pooled.stabilityIndex(), parameters: ["bins": "reference deciles"],
                note: "\(SampleComparison.short(pooled.stabilityIndexWithoutChange())) is what no change gives")
        },
        Entry("js", "Jensen-Shannon distance, natural logarithm", usual: true) { pooled in
            StatisticRow(
                "js", "Jensen-Shannon", pooled.evidentlyShares(.numerical)?.jensenShannonDistance() ?? .nan,
                parameters: evidentlyBins.merging(["base": "e"]) { $1 }, note: StatisticNote.evidently)
        },
        Entry("kl", "Kullback-Leibler divergence of the reference from the current", usual: true) { pooled in
            StatisticRow(
                "kl", "Kullback-Leibler",
                pooled.evidentlyShares(.numerical)?.filledAsEvidently.kullbackLeibler ?? .nan,
                parameters: evidentlyBins, note: StatisticNote.evidently)
        },
        Entry("hellinger", "Hellinger distance", usual: true) { pooled in
            StatisticRow(
                "hellinger", "Hellinger", pooled.evidentlyHellinger(.numerical),
                parameters: ["bins": "Evidently's: equal width over both"], note: StatisticNote.evidently)
        },
        Entry("w1", "Wasserstein distance, in the values' unit", usual: true) { pooled in
            StatisticRow("w1", "Wasserstein", pooled.wasserstein, parameters: ["p": "1"])
        },
        Entry("w1-sd", "Wasserstein distance in standard deviations of the reference", usual: true) { pooled in
            StatisticRow(
                "w1-sd", "Wasserstein / sd", pooled.wassersteinOverDeviation, parameters: ["p": "1", "sd": "ddof 0"],
                note: StatisticNote.evidently)
        },
        Entry("energy", "energy distance", usual: true) { pooled in
            StatisticRow("energy", "energy", pooled.energyDistance)
        },
    ]
}
