import Foundation
import Generation

/// Draws the log-odds of a Beta variable in constant time: Walker's alias method (Vose, 1991) over narrow cells of the
/// log-odds, uniform within a cell. A shift of log-odds is then an addition.
struct LogitSampler {
    /// Log-odds are counted in 1,024ths, from `lowest` on.
    static let unitsPerLogit = 1_024
    static let lowest = -24
    private static let cells = 4_096
    private static let unitsPerCell = 8

    /// What is left of a cell to itself, in 2^-32; the rest is its alias's.
    private let kept: [UInt64]
    private let alias: [Int32]

    init(alpha: Double, beta: Double) {
        let width = Double(Self.unitsPerCell) / Double(Self.unitsPerLogit)
        let densities = (0..<Self.cells).map { cell in
            let logit = Double(Self.lowest) + (Double(cell) + 0.5) * width
            return exp(-alpha * log1p(exp(-logit)) - beta * log1p(exp(logit)))
        }
        let mean = densities.reduce(0, +) / Double(Self.cells)
        var shares = densities.map { $0 / mean }
        var kept = Array(repeating: UInt64(1) << 32, count: Self.cells)
        var alias = Array(repeating: Int32(0), count: Self.cells)
        var small = shares.indices.filter { shares[$0] < 1 }
        var large = shares.indices.filter { shares[$0] >= 1 }
        while let needy = small.popLast(), let giver = large.last {
            kept[needy] = UInt64(shares[needy] * 0x1p32)
            alias[needy] = Int32(giver)
            shares[giver] -= 1 - shares[needy]
            if shares[giver] < 1 {
                large.removeLast()
                small.append(giver)
            }
        }
        self.kept = kept
        self.alias = alias
    }

    /// Units above `lowest`.
    @inline(__always)
    func draw(_ random: inout RandomSource) -> Int {
        let bits = random.next()
        let cell = Int(bits >> 52)
        let own = (bits >> 20) & 0xFFFF_FFFF < kept[cell]
        return (own ? cell : Int(alias[cell])) * Self.unitsPerCell + Int(bits & 7)
    }
}
