/// What every block of a sketch begins with; its entries follow.
///
/// Nothing in a block points anywhere: a copy of its first `imageByteCount` bytes is a copy of the sketch. A sketch
/// itself is one word, the place of its block or nothing while it is empty, and may stand in a record of zeros.
struct SketchHeader {
    /// Values in the sketch; a `LastPositionTable` keeps its seed here, a `DistinctSketch` its estimate's bits.
    var total: UInt64
    /// Entries that are in use.
    var count: UInt32
    /// The block has 2^sizeClass bytes.
    var sizeClass: UInt8
    var kind: Kind.RawValue
    var reserved: UInt16

    enum Kind: UInt8 {
        case quantile = 1
        case distinctSet
        case distinctRegisters
        case lastPositions
    }

    static let byteCount = 16
    /// A block of this class could hold every bucket that there is, and the positions of 2^30 events.
    static let largestClass = 34
}

extension SketchHeader {
    /// The header of bytes that nobody vouches for, if they can be a sketch of this kind at all.
    static func read(_ bytes: UnsafeRawBufferPointer, kind: Kind) -> SketchHeader? {
        guard bytes.count >= byteCount else { return nil }
        let header = bytes.loadUnaligned(as: SketchHeader.self)
        guard header.kind == kind.rawValue, header.reserved == 0, header.count > 0,
            (BlockArena.smallestClass...largestClass).contains(Int(header.sizeClass)),
            bytes.count <= 1 << Int(header.sizeClass)
        else { return nil }
        return header
    }
}

extension UnsafeMutableRawPointer {
    /// The header of the sketch whose block this is.
    var sketch: UnsafeMutablePointer<SketchHeader> { assumingMemoryBound(to: SketchHeader.self) }
}

extension BlockArena {
    /// A block for a sketch without entries.
    mutating func takeSketch(_ kind: SketchHeader.Kind, sizeClass: Int) -> UnsafeMutableRawPointer {
        let block = take(sizeClass: sizeClass)
        block.initializeMemory(
            as: SketchHeader.self,
            to: SketchHeader(total: 0, count: 0, sizeClass: UInt8(sizeClass), kind: kind.rawValue, reserved: 0))
        return block
    }

    mutating func giveBackSketch(_ block: UnsafeMutableRawPointer) {
        giveBack(block, sizeClass: Int(block.sketch.pointee.sizeClass))
    }
}

/// A way of mixing 64-bit words, the same on all machines and for all time.
enum WordMix {
    /// One to one, and each bit of the result depends on each bit of the word: MurmurHash3's 64-bit finalizer (Appleby,
    /// public domain), started off zero.
    @inline(__always)
    static func scramble(_ word: UInt64) -> UInt64 {
        var mixed = word ^ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return mixed ^ (mixed >> 33)
    }

    /// The word that stands for a number among the values that `DistinctSketch` and `LastPositionTable` tell apart:
    /// zeros are one value. Not for NaN, which is missing.
    @inline(__always)
    static func word(of value: Double) -> UInt64 { value == 0 ? 0 : value.bitPattern }
}
