import Testing

@testable import Features

/// The image of a sketch, as bytes that a test may spoil.
func imageBytes(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    bytes.withUnsafeMutableBytes { buffer in
        if let start = buffer.baseAddress { write(start) }
    }
    return bytes
}

extension QuantileSketch {
    var image: [UInt8] { imageBytes(count: imageByteCount, writeImage) }
}

extension DistinctSketch {
    var image: [UInt8] { imageBytes(count: imageByteCount, writeImage) }
}

extension LastPositionTable {
    var image: [UInt8] { imageBytes(count: imageByteCount, writeImage) }
}

/// Ways to spoil an image: bits, words, a shorter and a longer one, a header that promises more.
func spoilt(_ image: [UInt8], _ random: inout HistoryRandom) -> [UInt8] {
    var bytes = image
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    case 1: bytes += (0..<Int.random(in: 1...40, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    case 2: bytes[Int.random(in: 0..<min(16, bytes.count), using: &random)] = UInt8(truncatingIfNeeded: random.next())
    case 3:
        let start = Int.random(in: 0..<bytes.count, using: &random)
        for place in start..<min(bytes.count, start + 8) { bytes[place] = random.chance(50) ? 0 : 0xFF }
    default:
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }
    return bytes
}

/// Numbers as events carry them: amounts, counts, coordinates, zeros, and a few of any size.
func anyNumber(_ random: inout HistoryRandom) -> Double {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return 0
    case 1: return Double(Int.random(in: -50...50, using: &random))
    case 2:
        let bits = Double(bitPattern: random.next())
        return bits.isFinite ? bits : -1
    default: return (Double.random(in: 0.01...5_000, using: &random) * 100).rounded() / 100
    }
}
