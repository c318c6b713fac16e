import Drift

extension DriftBench {
    /// One reference, and the streams that are held against it.
    struct Trial {
        let bench: DriftBench
        let tables: SimulatedScores.Tables
        let dependence: SimulatedScores.Dependence
        /// Different for each trial: the streams' numbers follow from it.
        let index: Int

        private func stream(_ number: Int, position: Int = 0) -> SimulatedScores {
            SimulatedScores(
                tables: tables, dependence: dependence, seed: bench.seed, stream: UInt64(index * 1_000 + number),
                position: position)
        }

        func reference() throws(ReferenceFault) -> SeriesReference {
            var history = ReferenceHistory(grid: .scores)
            var scores = stream(0)
            let count = bench.events(ofReference: dependence)
            while scores.position < count {
                let time = Int64(scores.position) * 1_000
                let size = min(scores.bucketSize(), count - scores.position)
                scores.draw(size) { history.add(cell: $0, at: time) }
            }
            return try SeriesReference(history)
        }

        func measure(_ reference: SeriesReference, _ form: Form, into tally: inout Tally) {
            let bets = form == .plain ? reference.plainBets() : reference.bets()
            var watch = Watch(bets: bets, runLength: bench.runLength)
            var scores = stream(1)
            let events = bench.stationaryEvents / bench.references
            var alarms = 0
            while scores.position < events {
                if watch.next(&scores) {
                    alarms += 1
                    watch.reset()
                }
            }
            tally.falseAlarms.append(alarms)
            tally.stationaryEvents += scores.position
            if bets.strataCount > 1 { tally.byHour += 1 }
            tally.dispersions.append(form == .plain ? 1 : reference.dispersion.max() ?? 1)
            for (number, change) in SimulatedScores.Change.allCases.enumerated() {
                for run in 0..<bench.changesEach {
                    tally.delays[change, default: []].append(delay(of: change, 2 + number * 100 + run, &watch))
                }
            }
        }

        /// Events from the change to the alarm; nil: there was none.
        private func delay(of change: SimulatedScores.Change, _ number: Int, _ watch: inout Watch) -> Int? {
            watch.reset()
            let start = (number * 7_919 + index * 104_729) % SimulatedScores.dayEvents
            var scores = stream(number, position: start)
            while scores.position < start + DriftBench.eventsBeforeChange {
                if watch.next(&scores) { watch.reset() }
            }
            let changed = scores.position
            scores.begin(change)
            while scores.position < changed + DriftBench.eventsAfterChange {
                if watch.next(&scores) { return scores.position - changed }
            }
            return nil
        }
    }

    /// The detector on a stream, bucket by bucket.
    struct Watch {
        private var detector: SequentialDetector
        private var bucket: BucketCounts
        private let bins: [UInt8]

        init(bets: SequentialBets, runLength: Double) {
            detector = SequentialDetector(bets: bets, runLength: runLength)
            bucket = BucketCounts(binCount: bets.binCount)
            bins = bets.bins(ofCells: ValueGrid.scores.cellCount)
        }

        mutating func next(_ scores: inout SimulatedScores) -> Bool {
            let stratum = detector.bets.strataCount == 1 ? 0 : scores.hourOfDay
            bucket.removeAll()
            let size = scores.bucketSize()
            scores.draw(size) { bucket.add(bin: Int(bins[$0])) }
            return detector.close(bucket, stratum: stratum)
        }

        mutating func reset() { detector.reset() }
    }
}

extension SeriesReference {
    /// The detector without what the default configuration adds.
    fileprivate func plainBets() -> SequentialBets {
        let events = strata.reduce(0) { $0 + $1.boundingEvents }
        let bounds = thresholds.indices.map { threshold in
            ExceedanceBounds.clopperPearson(
                exceedances: strata.reduce(0) { $0 + $1.exceedances[threshold] }, events: events,
                error: 0.05 / Double(thresholds.count))
        }
        return SequentialBets(
            thresholds: thresholds, strata: [bounds], dispersion: Array(repeating: 1, count: thresholds.count))
    }
}
