/// The keys of an entity, as far as the memory that they take depends on them.
public struct KeyLoad: Hashable, Sendable {
    /// How many there are: decides what share of the table each has.
    public var keys: Int
    /// Events of a key that are no older than the entity's horizon, evenly spread over it.
    public var eventsPerKey: Int
    /// Bytes of the key itself.
    public var keyBytes: Int
    /// Of each column, the part of a key's values that differ from each other: what `distinct` remembers.
    public var differentValues: Double

    public init(keys: Int = 1_000_000, eventsPerKey: Int, keyBytes: Int = 8, differentValues: Double = 1) {
        precondition(keys > 0 && (0...1 << 30).contains(eventsPerKey) && keyBytes >= 0, "a load of \(keys) keys")
        precondition((0...1).contains(differentValues), "\(differentValues) of the values differ")
        self.keys = keys
        self.eventsPerKey = eventsPerKey
        self.keyBytes = keyBytes
        self.differentValues = differentValues
    }
}

/// What the state of one key takes, estimated.
public struct KeyMemory: Hashable, Sendable {
    /// Its record, its share of the table, its bytes if they are long, and all blocks that it holds.
    public let bytesPerKey: Double
    /// What a further event adds, on average while their number doubles.
    public let bytesPerEvent: Double
}

extension FeaturePlan {
    /// Estimates what a key of an entity takes in memory.
    ///
    /// Counted: the record with cursors, sums and tiles' totals; the table; the ring, which grows by doubling whenever it is
    /// full of events in windows; the tables and sketches of `distinct` and `quantile`; tiles. Blocks are powers of two, as
    /// they are taken, with a tenth for those that wait to be taken again. *Not counted*: what batches need on their way.
    ///
    /// Assumed: events are independent and come at a steady rate; the values of a `quantile` spread like amounts of money,
    /// a log-normal distribution of sigma 1.
    ///
    /// Complexity: O(aggregates + log events); it is for reports.
    public func memoryEstimate(
        entity: Int, load: KeyLoad, limits: FeatureLimits = FeatureLimits()
    ) -> KeyMemory {
        entities[entity].memoryEstimate(load, limits: limits)
    }
}

extension EntityPlan {
    /// See `FeaturePlan.memoryEstimate`.
    public func memoryEstimate(_ load: KeyLoad, limits: FeatureLimits = FeatureLimits()) -> KeyMemory {
        memoryEstimates([load], limits: limits)[0]
    }

    /// The same for several loads, in their order: what a key's record looks like is found out once.
    public func memoryEstimates(_ loads: [KeyLoad], limits: FeatureLimits = FeatureLimits()) -> [KeyMemory] {
        let layout = RecordLayout(self)
        return loads.map { load in
            let shape = MemoryShape(plan: self, layout: layout, load: load, limits: limits)
            let events = Double(max(1, load.eventsPerKey))
            let bytes = shape.bytes(events: Double(load.eventsPerKey))
            let more = shape.bytes(events: events * 2) - shape.bytes(events: events)
            return KeyMemory(bytesPerKey: bytes, bytesPerEvent: more / events)
        }
    }
}

/// The estimate, by what takes the memory.
private struct MemoryShape {
    let plan: EntityPlan
    let layout: RecordLayout
    let load: KeyLoad
    let limits: FeatureLimits

    /// All of a key with so many events within the entity's horizon.
    func bytes(events: Double) -> Double {
        Double(layout.recordBytes) + tableBytes + blockBytes(events) * (1 + Self.waitingShare)
    }

    /// Of the blocks' bytes, what waits to be joined or taken again (`BlockArena`), as it was measured.
    private static let waitingShare = 0.1

    private func blockBytes(_ events: Double) -> Double {
        var bytes = ringBytes(events)
        if load.keyBytes > KeyWords.inlineBytesMax { bytes += Double(Self.block(Double(load.keyBytes))) }
        let tracks = layout.trackPlace.pointee
        for track in tracks.tracks {
            switch track.kind {
            case .quantile: bytes += quantileBytes(Self.most(events * share(track)))
            case .quantileEver: bytes += quantileBytes(events)
            case .distinctEver: bytes += distinctBytes(events)
            default: break
            }
        }
        for tile in layout.tiles { bytes += tileBytes(tile, events) }
        return bytes
    }

    private static func block(_ bytes: Double) -> Int { 1 << BlockArena.sizeClass(forBytes: max(1, Int(bytes))) }

    /// Eight bytes a place, of which three to six tenths are taken.
    private var tableBytes: Double {
        let keys = Double(load.keys) / Double(limits.shardCount)
        var capacity = Double(EntityShard.tableCapacityMin)
        while keys * 5 > capacity * 3 { capacity *= 2 }
        return capacity * 8 / keys
    }

    // MARK: - Remembered events

    /// The part of the entity's horizon that a span is.
    private func part(_ span: Int64) -> Double { min(1, Double(span) / Double(max(1, layout.keyHorizon))) }

    private func ringBytes(_ events: Double) -> Double {
        guard layout.hasRing else { return 0 }
        let remembered = min(events * part(layout.horizon), Double(limits.eventsPerKeyMax))
        var capacity = 1
        while capacity < limits.eventsPerKeyMax, capacity * 2 * layout.entryWords * 8 <= 1 << BlockArena.smallestClass {
            capacity *= 2
        }
        // A ring that is full is doubled; when it is full next it is halved if few events are left. Of many keys so many
        // have the double as the one happens more often than the other.
        var bytes = 0.0
        var share = 1.0
        while true {
            // A table of last positions knows what stands in the ring, in windows or not.
            let table = LastPositionTable.blockBytes(count: Int(different(of: Double(capacity))))
            let block = Double(
                Self.block(Double(capacity * layout.entryWords * 8)) + layout.trackPlace.pointee.occurrences.count
                    * table)
            let isLast = capacity >= limits.eventsPerKeyMax
            let growing = isLast ? 0 : Self.doubled(capacity, events: remembered)
            bytes += block * max(0, share - growing)
            share = min(share, growing)
            if share < 1e-6 { return bytes }
            capacity *= 2
        }
    }

    /// Of keys with so many events on average, those whose ring for `capacity` of them is doubled at some time.
    private static func doubled(_ capacity: Int, events: Double) -> Double {
        let deviation = events.squareRoot()
        let grow = exceeding(Double(capacity), mean: events, deviation: deviation, times: 4)
        // The lower tail is the upper one's mirror image.
        let few = 2 * events - EntityShard.halvedShare * Double(capacity)
        let halve = few <= events ? 1 : exceeding(few, mean: events, deviation: deviation, times: 1)
        return grow == 0 ? 0 : grow / (grow + halve)
    }

    /// Of keys with so many events on average, those that have more than `bound` at one of so many times.
    private static func exceeding(_ bound: Double, mean: Double, deviation: Double, times: Double) -> Double {
        let deviations = (bound - mean) / max(deviation, 0.5)
        if deviations <= 0 { return 1 }
        guard deviations < 4 else { return 0 }
        // The normal distribution's tail, every half deviation.
        let tails = [0.5, 0.3085, 0.1587, 0.0668, 0.0228, 0.00621, 0.00135, 0.000233, 0.0000317]
        let place = Int(deviations * 2)
        let tail = tails[place] + (tails[place + 1] - tails[place]) * (deviations * 2 - Double(place))
        return min(1, tail * times)
    }

    /// As many events as a key has now and then, which has so many on average.
    private static func most(_ events: Double) -> Double { events < 1 ? events : events + 2 * events.squareRoot() }

    private func different(of events: Double) -> Double { (events * load.differentValues).rounded(.up) }

    /// The part of the horizon that the window of a track is long.
    private func share(_ track: TrackLayout) -> Double {
        let start = layout.edges.first { $0.cursorOffset == track.startOffset }
        return start.map { part($0.span - track.span) } ?? 1
    }

    // MARK: - Sketches

    private func distinctBytes(_ events: Double) -> Double {
        // Of so few events many keys have none.
        if events < 1 { return events * distinctBytes(1) }
        return Double(DistinctSketch.blockBytes(count: Int(different(of: events))))
    }

    private func quantileBytes(_ events: Double) -> Double {
        if events < 1 { return events * quantileBytes(1) }
        return Double(QuantileSketch.blockBytes(buckets: Int(Self.buckets(events))))
    }

    /// Buckets of a sketch of 1, 2, 4, 8 ... log-normal numbers of sigma 1, on average.
    private static let bucketsOfPowers: [Double] = [
        1, 2, 4, 8, 15, 29, 54, 92, 141, 188, 225, 255, 282, 306, 328, 349, 368, 387, 404, 421, 437,
    ]

    private static func buckets(_ events: Double) -> Double {
        if events <= 1 { return 1 }
        var (power, count) = (0, 1.0)
        while count * 2 <= events, power < bucketsOfPowers.count - 1 { (power, count) = (power + 1, count * 2) }
        guard power < bucketsOfPowers.count - 1 else { return bucketsOfPowers[power] }
        let (below, above) = (bucketsOfPowers[power], bucketsOfPowers[power + 1])
        return (below + (above - below) * (events / count - 1)).rounded(.up)
    }

    // MARK: - Tiles

    private func tileBytes(_ tile: TileLayout, _ events: Double) -> Double {
        let events = events * part(tile.plan.horizonMicroseconds)
        if events == 0 { return 0 }
        let places = min(
            Double(tile.plan.horizonMicroseconds) / Double(tile.plan.width) + 1, Double(tile.plan.tilesPerKeyMax))
        // Of so many independent events in so many places, those that are taken.
        let count = events < 1 ? events : places * (1 - Self.power(1 - 1 / places, Int(events)))
        var bytes = blockBytes(tile, count: count, places: places)
        let inWindow = events * Double(tile.plan.window.lengthMicroseconds) / Double(tile.plan.horizonMicroseconds)
        for part in tile.parts {
            switch part.kind {
            case .quantile: bytes += count * quantileBytes(events / count) + quantileBytes(Self.most(inWindow))
            case .distinct: bytes += count * distinctBytes(events / count) + distinctBytes(Self.most(inWindow))
            default: break
            }
        }
        return bytes
    }

    /// A block of tiles grows when it is full, and stays so.
    private func blockBytes(_ tile: TileLayout, count: Double, places: Double) -> Double {
        let deviation = (count * (1 - count / places)).squareRoot()
        var bytes = 0.0
        var share = 1.0
        var block = tile.blockBytes(tiles: 1)
        while share > 1e-6 {
            // The largest number of tiles that such a block is for.
            var tiles = block / tile.tileBytes
            while tiles > 1, tile.blockBytes(tiles: tiles) > block { tiles -= 1 }
            let growing =
                Double(tiles) >= places
                ? 0
                : Self.exceeding(
                    Double(tiles), mean: count, deviation: deviation, times: 8)
            bytes += Double(block) * max(0, share - growing)
            share = min(share, growing)
            block *= 2
        }
        return bytes
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }
}
