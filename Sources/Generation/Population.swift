/// A customer as drawn once: where home is, how much and how often is paid.
struct Customer {
    var x: Double
    var y: Double
    /// Amounts have this mean and half of it as deviation.
    var meanCents: Double
    var dailyMean: Double
    /// e^-dailyMean: the probability of a day without a transaction.
    var quietDayProbability: Double
    /// The nearest terminal where none is within the radius, else -1.
    var loneTerminal: Int32
}

/// The terminals on the plane, in a grid whose cells are at least a radius wide, so that the terminals within the
/// radius of a place are in its cell and the eight around it. Memory is O(terminals), whatever the radius.
struct TerminalGrid {
    static let planeSide = 100.0
    static let cellsPerSideMax = 256

    let radius: Double
    let cellsPerSide: Int
    let cellWidth: Double
    private let xs: [Double]
    private let ys: [Double]
    /// Terminals by cell, row by row; cell `i` has those at `cellStarts[i] ..< cellStarts[i + 1]`.
    private let members: [Int32]
    private let cellStarts: [Int]

    init(terminals: Int, radius: Double, random: inout RandomSource) {
        self.radius = radius
        let cellsPerSide = max(1, min(Self.cellsPerSideMax, Int(Self.planeSide / radius)))
        self.cellsPerSide = cellsPerSide
        cellWidth = Self.planeSide / Double(cellsPerSide)
        var xs: [Double] = []
        var ys: [Double] = []
        xs.reserveCapacity(terminals)
        ys.reserveCapacity(terminals)
        for _ in 0..<terminals {
            xs.append(random.unit() * Self.planeSide)
            ys.append(random.unit() * Self.planeSide)
        }
        let width = cellWidth
        func cell(of terminal: Int) -> Int {
            Self.index(ys[terminal], width, cellsPerSide) * cellsPerSide + Self.index(xs[terminal], width, cellsPerSide)
        }
        var starts = [Int](repeating: 0, count: cellsPerSide * cellsPerSide + 1)
        for terminal in 0..<terminals { starts[cell(of: terminal) + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        var filled = starts
        var members = [Int32](repeating: 0, count: terminals)
        for terminal in 0..<terminals {
            let home = cell(of: terminal)
            members[filled[home]] = Int32(terminal)
            filled[home] += 1
        }
        self.xs = xs
        self.ys = ys
        self.members = members
        cellStarts = starts
    }

    @inline(__always)
    private static func index(_ coordinate: Double, _ width: Double, _ count: Int) -> Int {
        min(count - 1, Int(coordinate / width))
    }

    @inline(__always)
    func squaredDistance(_ terminal: Int, x: Double, y: Double) -> Double {
        let dx = xs[terminal] - x
        let dy = ys[terminal] - y
        return dx * dx + dy * dy
    }

    /// The quarter of the plane that a terminal stands in.
    func region(of terminal: Int) -> TerminalRegion {
        let isEast = xs[terminal] >= Self.planeSide / 2
        if ys[terminal] < Self.planeSide / 2 { return isEast ? .southEast : .southWest }
        return isEast ? .northEast : .northWest
    }

    /// Any terminal within the radius with equal probability; there must be one (`loneTerminal(x:y:)` is -1).
    ///
    /// Draws from the block of nine cells until one is near enough. The expected number of draws is the block's
    /// terminals over those within the radius, about 3 where they are spread evenly.
    @inline(__always)
    func drawTerminal(x: Double, y: Double, random: inout RandomSource) -> Int {
        let block = rows(aroundX: x, y: y)
        let total = block.0.count + block.1.count + block.2.count
        let limit = radius * radius
        while true {
            var place = random.below(total)
            if place < block.0.count {
                place += block.0.lowerBound
            } else if place < block.0.count + block.1.count {
                place += block.1.lowerBound - block.0.count
            } else {
                place += block.2.lowerBound - block.0.count - block.1.count
            }
            let terminal = Int(members[place])
            if squaredDistance(terminal, x: x, y: y) <= limit { return terminal }
        }
    }

    /// The three rows of the block around a place; the cells of a row are neighbours in `members`.
    @inline(__always)
    private func rows(aroundX x: Double, y: Double) -> (Range<Int>, Range<Int>, Range<Int>) {
        let column = Self.index(x, cellWidth, cellsPerSide)
        let row = Self.index(y, cellWidth, cellsPerSide)
        let left = max(0, column - 1)
        let right = min(cellsPerSide - 1, column + 1)
        @inline(__always) func range(_ row: Int) -> Range<Int> {
            guard row >= 0, row < cellsPerSide else { return 0..<0 }
            return cellStarts[row * cellsPerSide + left]..<cellStarts[row * cellsPerSide + right + 1]
        }
        return (range(row - 1), range(row), range(row + 1))
    }

    /// -1 where a terminal is within the radius, else the nearest terminal (the lowest number of equally near ones).
    func loneTerminal(x: Double, y: Double) -> Int32 {
        let block = rows(aroundX: x, y: y)
        for range in [block.1, block.0, block.2] {
            for place in range where squaredDistance(Int(members[place]), x: x, y: y) <= radius * radius { return -1 }
        }
        let column = Self.index(x, cellWidth, cellsPerSide)
        let row = Self.index(y, cellWidth, cellsPerSide)
        var best: (distance: Double, terminal: Int32) = (.infinity, 0)
        for ring in 0..<cellsPerSide {
            for r in max(0, row - ring)...min(cellsPerSide - 1, row + ring) {
                for c in max(0, column - ring)...min(cellsPerSide - 1, column + ring)
                where max(abs(r - row), abs(c - column)) == ring {
                    let cell = r * cellsPerSide + c
                    for place in cellStarts[cell]..<cellStarts[cell + 1] {
                        let terminal = members[place]
                        let distance = squaredDistance(Int(terminal), x: x, y: y)
                        if (distance, terminal) < best { best = (distance, terminal) }
                    }
                }
            }
            // Whatever lies beyond this ring is at least `ring` whole cells away.
            let reached = Double(ring) * cellWidth
            if best.distance < reached * reached { break }
        }
        return best.terminal
    }
}

/// Everyone who pays and where they may pay: drawn once from the seed.
struct Population {
    let customers: [Customer]
    let terminals: TerminalGrid

    init(_ options: CardTransactionOptions) {
        var random = RandomSource(seed: options.seed, stream: GeneratorStream.population.rawValue)
        let terminals = TerminalGrid(terminals: options.terminals, radius: options.radius, random: &random)
        var customers: [Customer] = []
        customers.reserveCapacity(options.customers)
        for _ in 0..<options.customers {
            let x = random.unit() * TerminalGrid.planeSide
            let y = random.unit() * TerminalGrid.planeSide
            let meanCents = 500 + random.unit() * 9_500
            let dailyMean = random.unit() * options.dailyMeanMax
            customers.append(
                Customer(
                    x: x, y: y, meanCents: meanCents, dailyMean: dailyMean,
                    quietDayProbability: exponentialDecay(dailyMean), loneTerminal: terminals.loneTerminal(x: x, y: y)))
        }
        self.customers = customers
        self.terminals = terminals
    }
}
