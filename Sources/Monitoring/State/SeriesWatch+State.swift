import Drift

extension SeriesWatch {
    func write(to writer: inout StateWriter) {
        writer.write(blob: detector.stateBytes())
        writer.write(count: recent.pieces.count)
        for piece in recent.pieces {
            writer.write(piece.start)
            writer.write(count: piece.level)
            writer.write(counts: piece.bins)
        }
        writer.write(counts: window)
        writer.write(counts: lastWindow)
        writer.write(count: windowMissing)
        writer.write(count: lastWindowMissing)
        switch phase {
        case .watching: writer.write(UInt8(0))
        case .firing(let alert):
            writer.write(UInt8(1))
            alert.write(to: &writer)
        case .cooling(let until):
            writer.write(UInt8(2))
            writer.write(until)
        }
    }

    private static let eventsMax = 1 << 52

    mutating func read(_ reader: inout StateReader, _ plan: SeriesPlan) throws(StateFault) {
        let bytes = try reader.blob(bytesMax: 1 << 20, "evidence of \(plan.name)")
        do throws(SequentialStateFault) {
            detector = try SequentialDetector(restoring: bytes, bets: plan.bets, runLength: detector.runLength)
        } catch {
            throw reader.fault("\(plan.name): \(error)")
        }
        let pieceCount = try reader.count(ofBytes: 9, max: RecentBins.piecesMax, "pieces of \(plan.name)")
        var pieces: [RecentBins.Piece] = []
        for _ in 0..<pieceCount {
            let start = try reader.integer("a piece of \(plan.name)")
            let level = try reader.count(max: RecentBins.levelsMax - 1, "a piece of \(plan.name)")
            let bins = try Self.counts(&reader, plan.bets.binCount, "a piece of \(plan.name)")
            try reader.expect(level <= pieces.last?.level ?? .max, "the order of pieces of \(plan.name)")
            pieces.append(.init(start: start, level: level, events: bins.reduce(0, +), bins: bins))
        }
        recent = RecentBins(pieces: pieces)
        window = try Self.counts(&reader, plan.cellCount, "the window of \(plan.name)")
        lastWindow = try Self.counts(&reader, plan.cellCount, "the last window of \(plan.name)")
        windowMissing = try reader.count(max: Self.eventsMax, "missing values of \(plan.name)")
        lastWindowMissing = try reader.count(max: Self.eventsMax, "missing values of \(plan.name)")
        switch try reader.byte("the phase of \(plan.name)") {
        case 0: phase = .watching
        case 1: phase = .firing(try OpenAlert(&reader, plan))
        case 2:
            phase = .cooling(until: try reader.integer("a cooling's end"))
        case let other: throw reader.fault("phase \(other) of \(plan.name)")
        }
    }

    static func counts(_ reader: inout StateReader, _ count: Int, _ what: String) throws(StateFault) -> [Int] {
        let counts = try reader.counts(countMax: count, max: eventsMax / max(1, count), what)
        try reader.expect(counts.count == count, "\(what): \(counts.count) counts of \(count)")
        return counts
    }
}

extension OpenAlert {
    func write(to writer: inout StateWriter) {
        writer.write(fingerprint)
        writer.write(modelVersion)
        writer.write(startedAt)
        lead.write(to: &writer)
        writer.write(peak)
        writer.write(isInhibited)
        writer.write(toldAt)
        writer.write(toldRatio)
        writer.write(toldUp)
        writer.write(count: suppressed)
        writer.write(counts: calmBins)
        writer.write(count: calmRows)
        writer.write(count: calmEventsNeeded)
    }

    init(_ reader: inout StateReader, _ plan: SeriesPlan) throws(StateFault) {
        fingerprint = try reader.text(bytesMax: 256, "a fingerprint")
        modelVersion = try reader.text(bytesMax: 65_536, "a model's version")
        startedAt = try reader.integer("an alert's start")
        lead = try AlertLead(&reader, plan)
        peak = try reader.finite("an alert's evidence")
        isInhibited = try reader.flag("whether an alert was told")
        toldAt = try reader.integer("when an alert was told")
        toldRatio = try reader.finite("an alert's ratio")
        toldUp = try reader.flag("an alert's direction")
        suppressed = try reader.count(max: .max, "an alert's suppressed ones")
        calmBins = try SeriesWatch.counts(&reader, plan.bets.binCount, "an alert's calm events")
        calmRows = try reader.count(max: .max, "an alert's calm scores")
        calmEventsNeeded = try reader.count(max: .max, "an alert's calm events")
    }
}

extension AlertLead {
    func write(to writer: inout StateWriter) {
        writer.write(count: threshold)
        writer.write(isUp)
        for value in [betRatio, evidence, statistic, eventsSinceChange, currentShare, referenceShare] {
            writer.write(value)
        }
        writer.write(changedAt)
    }

    init(_ reader: inout StateReader, _ plan: SeriesPlan) throws(StateFault) {
        threshold = try reader.count(max: plan.bets.thresholds.count - 1, "an alert's threshold")
        isUp = try reader.flag("an alert's direction")
        betRatio = try reader.finite("an alert's bet")
        evidence = try reader.finite("an alert's evidence")
        statistic = try reader.finite("an alert's evidence")
        eventsSinceChange = try reader.finite("an alert's change")
        currentShare = try reader.finite("an alert's share")
        referenceShare = try reader.finite("an alert's share")
        changedAt = try reader.integer("an alert's change")
    }
}
