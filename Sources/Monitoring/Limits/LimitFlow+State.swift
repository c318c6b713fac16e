import Drift

extension LimitFlow {
    private static let openMax = 4_096

    /// What was gathered for limits, that of the open buckets included.
    func write(to writer: inout StateWriter, _ buckets: EvidenceBuckets) {
        for rate in rates { rate.write(to: &writer) }
        if let lag {
            lag.write(to: &writer)
            let open = buckets.open.filter { $0.value.lags.rows > 0 }.sorted { $0.key < $1.key }
            writer.write(count: open.count)
            for (number, block) in open {
                writer.write(number)
                block.lags.write(to: &writer)
            }
        }
        if let recordTimes = buckets.recordTimes { writer.write(recordTimes.newest) }
    }

    func read(_ reader: inout StateReader, _ buckets: EvidenceBuckets) throws(StateFault) {
        for index in rates.indices { try rates[index].read(&reader) }
        if lag != nil {
            try lag?.read(&reader)
            for _ in 0..<(try reader.count(ofBytes: 11, max: Self.openMax, "buckets with lags")) {
                let number = try reader.integer("a bucket")
                guard let block = buckets.open[number] else { throw reader.fault("lags of bucket \(number)") }
                block.lags = try LagCounts(&reader)
            }
        }
        guard buckets.recordTimes != nil else { return }
        let newest = try reader.integer("the newest record time")
        try reader.expect(newest == .min || abs(newest / 4) < .max / 16, "the newest record time \(newest)")
        buckets.recordTimes?.newest = newest
    }
}

extension LimitPhase {
    func write(to writer: inout StateWriter) {
        switch self {
        case .watching: writer.write(UInt8(0))
        case .firing(let startedAt):
            writer.write(UInt8(1))
            writer.write(startedAt)
        case .cooling(let until):
            writer.write(UInt8(2))
            writer.write(until)
        }
    }

    init(_ reader: inout StateReader) throws(StateFault) {
        switch try reader.byte("a limit's phase") {
        case 0: self = .watching
        case 1: self = .firing(startedAt: try reader.integer("a limit's alert"))
        case 2: self = .cooling(until: try reader.integer("a limit's cooling"))
        case let other: throw reader.fault("a limit's phase \(other)")
        }
    }
}

extension RateWatch {
    private static let rowsMax = 1 << 40

    func write(to writer: inout StateWriter) {
        writer.write(first != nil)
        writer.write(first ?? 0)
        writer.write(next)
        writer.write(counts: recent)
        writer.write(count: calm)
        phase.write(to: &writer)
    }

    mutating func read(_ reader: inout StateReader) throws(StateFault) {
        let isBegun = try reader.flag("whether a rate is counted")
        let first = try reader.integer("a rate's first step")
        let next = try reader.integer("a rate's next step")
        // All steps have times: nothing that is made of them overflows.
        let range = -Int64.max / 4 / stepMicroseconds...Int64.max / 4 / stepMicroseconds
        try reader.expect(first <= next && range.contains(first) && range.contains(next), "steps \(first) to \(next)")
        let counts = try reader.counts(countMax: recent.count, max: Self.rowsMax, "a rate's scores")
        try reader.expect(counts.count == recent.count, "a rate's scores: \(counts.count) of \(recent.count)")
        let calm = try reader.count(max: recent.count + Self.calmLeast, "a rate's calm")
        take(first: isBegun ? first : nil, next: next, recent: counts, calm: calm, phase: try LimitPhase(&reader))
    }
}

extension LagCounts {
    func write(to writer: inout StateWriter) {
        writer.write(count: beyond)
        let filled = cells.indices.filter { cells[$0] != 0 }
        writer.write(count: filled.count)
        for cell in filled {
            writer.write(UInt8(cell))
            writer.write(count: Int(cells[cell]))
        }
    }

    init(_ reader: inout StateReader) throws(StateFault) {
        let beyond = try reader.count(max: 1 << 48, "lags beyond the limit")
        var cells = Array(repeating: UInt32(0), count: Self.cellCount)
        for _ in 0..<(try reader.count(ofBytes: 2, max: Self.cellCount, "lags")) {
            let cell = Int(try reader.byte("a lag"))
            try reader.expect(cell < Self.cellCount && cells[cell] == 0, "lag \(cell)")
            cells[cell] = UInt32(try reader.count(max: Int(UInt32.max), "a lag's count"))
        }
        self.init(beyond: beyond, cells: cells)
        try reader.expect(beyond <= rows, "\(beyond) of \(rows) lags are beyond the limit")
    }
}

extension LagWatch {
    func write(to writer: inout StateWriter) {
        piece.write(to: &writer)
        writer.write(pieceStart)
        writer.write(count: run.pieces)
        writer.write(run.start)
        writer.write(count: run.rows)
        writer.write(count: calm)
        phase.write(to: &writer)
    }

    mutating func read(_ reader: inout StateReader) throws(StateFault) {
        let piece = try LagCounts(&reader)
        let pieceStart = try reader.integer("where lags begin")
        var run = Run()
        run.pieces = try reader.count(max: 1 << 48, "pieces beyond the limit")
        run.start = try reader.integer("where lags are beyond the limit")
        run.rows = try reader.count(max: 1 << 52, "scores beyond the limit")
        let calm = try reader.count(max: 1 << 48, "pieces within the limit")
        take(piece: piece, pieceStart: pieceStart, run: run, calm: calm, phase: try LimitPhase(&reader))
    }
}
