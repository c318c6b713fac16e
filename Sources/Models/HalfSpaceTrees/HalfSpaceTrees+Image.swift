/// Why bytes are no state of half-space trees.
public enum HalfSpaceTreesImageError: Error, Hashable, Sendable, CustomStringConvertible {
    case truncated
    /// Bytes are left behind the last tree.
    case tooLong
    /// Of another form, or of trees with other parameters.
    case otherParameters
    case badCount
    case badRange(input: Int)
    case badTree(Int)

    public var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .tooLong: "bytes are left at its end"
        case .otherParameters: "it is of trees with other parameters"
        case .badCount: "its count of events is absurd"
        case .badRange(let input): "the range of input \(input) is none"
        case .badTree(let tree): "the counts of tree \(tree) do not add up"
        }
    }
}

/// State in and out: the ranges, the window that fills, and the counts of the window before.
///
/// ```
///   parameters, events │ input: low, scale │ ... │ window's events by input │ tree: divisions, count left of each │ ...
/// ```
///
/// All numbers are little-endian. Where a tree is divided is not written: it follows from the parameters.
extension HalfSpaceTrees {
    /// Bytes of an image at most.
    public var imageByteCountMax: Int {
        let numbers = parameters.inputCount * (2 + parameters.window)
        return 8 * (Self.headerWords + numbers) + 4 * parameters.trees * (1 + divisionsPerTree)
    }

    private static let headerWords = 8
    private static let form: UInt64 = 0x3154_5348_4c46_4652  // "RFFLHST1"
    /// More events than any stream holds.
    private static let learnedMax: UInt64 = 1 << 62

    private var headerParameters: [UInt64] {
        [
            Self.form, UInt64(parameters.inputCount), UInt64(parameters.trees), UInt64(parameters.height),
            UInt64(parameters.window), UInt64(parameters.sizeLimit), parameters.seed,
        ]
    }

    /// Writes the state, between blocks, to room for `imageByteCountMax` bytes; returns how many were written.
    public func copy(to bytes: UnsafeMutableRawPointer) -> Int {
        var offset = 0
        func put(_ word: UInt64) {
            bytes.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        func putHalf(_ word: UInt32) {
            bytes.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt32.self)
            offset += 4
        }
        for word in headerParameters { put(word) }
        put(learned)
        for input in 0..<parameters.inputCount {
            put(ranges[input].low.bitPattern)
            put(ranges[input].scale.bitPattern)
        }
        let position = schedule.position(learned)
        for input in 0..<parameters.inputCount {
            for row in 0..<position { put(values[input * parameters.window + row].bitPattern) }
        }
        for tree in 0..<parameters.trees {
            putHalf(divisionCounts[tree])
            for index in 0..<Int(divisionCounts[tree]) { putHalf(divisions[tree * divisionsPerTree + index]) }
        }
        return offset
    }

    /// Takes over the state that some bytes hold, whoever wrote them.
    ///
    /// - Throws: what is wrong with them; the state is empty then.
    public func restore(_ bytes: UnsafeRawBufferPointer) throws(HalfSpaceTreesImageError) {
        removeAll()
        do throws(HalfSpaceTreesImageError) {
            try read(bytes)
        } catch {
            removeAll()
            throw error
        }
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(HalfSpaceTreesImageError) {
        var reader = HalfSpaceImageReader(bytes: bytes)
        for word in headerParameters {
            guard try reader.word() == word else { throw .otherParameters }
        }
        learned = try reader.word()
        guard learned < Self.learnedMax else { throw .badCount }
        for input in 0..<parameters.inputCount {
            let low = Double(bitPattern: try reader.word())
            let scale = Double(bitPattern: try reader.word())
            guard let range = InputRange(low: low, storedScale: scale) else { throw .badRange(input: input) }
            ranges[input] = range
        }
        for input in 0..<parameters.inputCount {
            for row in 0..<schedule.position(learned) {
                values[input * parameters.window + row] = Double(bitPattern: try reader.word())
            }
        }
        let rows = schedule.referenceRows(learned)
        for tree in 0..<parameters.trees {
            let count = try reader.half()
            if rows == 0 {
                guard count == 0 else { throw .badTree(tree) }
                continue
            }
            var builder = makeBuilder(tree, rows: rows, counts: HalfSpaceImageCounts(reader: reader, left: count))
            guard builder.build(root: root(tree), count: rows), builder.counts.left == 0 else { throw .badTree(tree) }
            divisionCounts[tree] = UInt32(truncatingIfNeeded: builder.divisionCount)
            masks.set(tree, nodes: nodes + tree * nodesPerTree, divisionCount: builder.divisionCount)
            reader = builder.counts.reader
        }
        guard reader.isAtEnd else { throw .tooLong }
    }
}

/// Reads an image from its start.
struct HalfSpaceImageReader {
    let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func word() throws(HalfSpaceTreesImageError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .truncated }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    mutating func half() throws(HalfSpaceTreesImageError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw .truncated }
        defer { offset += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

/// Takes counts from an image, whose divisions come in the order in which a tree is built.
struct HalfSpaceImageCounts: HalfSpaceCounts {
    var reader: HalfSpaceImageReader
    /// Divisions of the tree that were not asked for yet.
    var left: UInt32

    mutating func lefts(_ place: HalfSpaceDivision, start: Int, count: Int) -> Int? {
        guard left > 0, let found = try? reader.half(), Int(found) <= count else { return nil }
        left -= 1
        return Int(found)
    }
}
