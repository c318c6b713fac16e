/// How many different values there are: exact up to 1,024, then HyperLogLog with 4,096 registers.
///
/// It is a function of the set of values alone, whatever their order and however sketches were merged. Beyond 1,024 the
/// standard error is 1.04 / sqrt(4096) = 1.6 %; the estimator is the improved one of Ertl ("New cardinality estimation
/// algorithms for HyperLogLog sketches", 2017, algorithm 6), unbiased from 0 to far beyond 10^18.
///
/// ```
///   up to 1,024     header │ open addressing: a scrambled word, or 0 where a place is free │ 64 bytes to 16 KiB
///   more            header │ 54 counts: registers of each value │ 4,096 registers of a byte │ 8 KiB
/// ```
///
/// A value is a word of 64 bits: the hash of a text, a number's `WordMix.word(of:)`. Words are scrambled one to one, so
/// that a number's own bits will do. Two words are taken for one value: those that scramble to 0 and 1.
///
/// Nothing can be taken out. Whoever holds a sketch gives its block back with `release`.
struct DistinctSketch {
    /// Nothing while no value is in it.
    private(set) var block: UnsafeMutableRawPointer?

    static let exactMax = 1_024
    /// Of a `value` beyond `exactMax`.
    static let standardError = 0.01625
    static var empty: DistinctSketch { DistinctSketch(block: nil) }

    /// The number of values, to the nearest whole number where it is an estimate.
    ///
    /// Complexity: O(1); some 100 steps where a register has changed since.
    var value: Double {
        guard let block else { return 0 }
        if isExact { return Double(block.sketch.pointee.count) }
        if block.sketch.pointee.total == Self.unknownEstimate {
            block.sketch.pointee.total = Self.estimate(Self.histogram(block)).bitPattern
        }
        return Double(bitPattern: block.sketch.pointee.total)
    }

    var isExact: Bool {
        guard let block else { return true }
        return block.sketch.pointee.kind == SketchHeader.Kind.distinctSet.rawValue
    }

    // MARK: - Adding

    /// Complexity: O(1); where it makes the sketch an estimate, O(exactMax).
    mutating func add(_ word: UInt64, _ arena: inout BlockArena) {
        let mixed = WordMix.scramble(word)
        if isExact { addExact(max(mixed, 1), &arena) } else { addEstimated(mixed) }
    }

    /// - Parameter mixed: a scrambled word, not 0.
    private mutating func addExact(_ mixed: UInt64, _ arena: inout BlockArena) {
        if block == nil { move(toCount: 1, &arena) }
        guard let block else { return }
        let place = Self.place(of: mixed, in: block)
        if Self.words(block)[place] == mixed { return }
        let count = Int(block.sketch.pointee.count) + 1
        if count > Self.exactMax {
            estimate(&arena)
            addEstimated(mixed)
        } else if count > Self.countMax(Self.slots(block)) {
            move(toCount: count, &arena)
            addExact(mixed, &arena)
        } else {
            Self.words(block)[place] = mixed
            block.sketch.pointee.count = UInt32(count)
        }
    }

    private func addEstimated(_ mixed: UInt64) {
        guard let block else { return }
        let registers = Self.registers(block)
        let index = Int(mixed >> Self.rankBits)
        let rank = Self.rank(mixed)
        let before = registers[index]
        if rank <= before { return }
        registers[index] = rank
        let histogram = Self.histogram(block)
        histogram[Int(before)] &-= 1
        histogram[Int(rank)] &+= 1
        block.sketch.pointee.total = Self.unknownEstimate
    }

    /// Adds all values of another sketch.
    ///
    /// Complexity: O(values) while both are exact, else O(registers).
    mutating func merge(_ other: DistinctSketch, _ arena: inout BlockArena) {
        guard let source = other.block else { return }
        if other.isExact {
            // Room first: places follow the words' order, and a small table that is filled in their order is filled
            // from one end.
            if isExact, other.value > value { reserve(count: Int(other.value), &arena) }
            let words = Self.words(source)
            for slot in 0..<Self.slots(source) where words[slot] != 0 {
                if isExact { addExact(words[slot], &arena) } else { addEstimated(words[slot]) }
            }
            return
        }
        if isExact { estimate(&arena) }
        guard let block else { return }
        let (registers, others) = (Self.registers(block), Self.registers(source))
        for index in 0..<Self.registerCount { registers[index] = max(registers[index], others[index]) }
        Self.recount(block)
    }

    /// Empties the sketch and gives its block back.
    mutating func release(_ arena: inout BlockArena) {
        if let block { arena.giveBackSketch(block) }
        block = nil
    }

    // MARK: - The exact set

    private static func slots(_ block: UnsafeMutableRawPointer) -> Int {
        slots(sizeClass: Int(block.sketch.pointee.sizeClass))
    }

    private static func slots(sizeClass: Int) -> Int { (1 << sizeClass - SketchHeader.byteCount) / 8 }

    /// Three quarters full.
    private static func countMax(_ slots: Int) -> Int { slots * 3 / 4 }

    private static let setLargestClass = sizeClass(count: exactMax)

    /// Bytes of the block of a sketch with so many values.
    static func blockBytes(count: Int) -> Int {
        count == 0 ? 0 : 1 << (count > exactMax ? registersClass : sizeClass(count: count))
    }

    private static func sizeClass(count: Int) -> Int {
        var sizeClass = BlockArena.smallestClass
        while countMax(slots(sizeClass: sizeClass)) < count { sizeClass += 1 }
        return sizeClass
    }

    @inline(__always)
    private static func words(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt64> {
        (block + SketchHeader.byteCount).assumingMemoryBound(to: UInt64.self)
    }

    @inline(__always)
    private static func home(_ word: UInt64, slots: Int) -> Int {
        Int(truncatingIfNeeded: word.multipliedFullWidth(by: UInt64(truncatingIfNeeded: slots)).high)
    }

    /// Where a word stands, or the free place where it would. At least one place is free.
    @inline(__always)
    private static func place(of word: UInt64, in block: UnsafeMutableRawPointer) -> Int {
        let words = words(block)
        let slots = slots(block)
        var place = home(word, slots: slots)
        while words[place] != 0 && words[place] != word { place = place &+ 1 == slots ? 0 : place &+ 1 }
        return place
    }

    private mutating func reserve(count: Int, _ arena: inout BlockArena) {
        let sizeClass = Self.sizeClass(count: count)
        if let block, Int(block.sketch.pointee.sizeClass) >= sizeClass { return }
        move(toCount: count, &arena)
    }

    private mutating func move(toCount count: Int, _ arena: inout BlockArena) {
        let new = arena.takeSketch(.distinctSet, sizeClass: Self.sizeClass(count: count))
        Self.words(new).initialize(repeating: 0, count: Self.slots(new))
        if let old = block {
            new.sketch.pointee.count = old.sketch.pointee.count
            let words = Self.words(old)
            for slot in 0..<Self.slots(old) where words[slot] != 0 {
                Self.words(new)[Self.place(of: words[slot], in: new)] = words[slot]
            }
            arena.giveBackSketch(old)
        }
        block = new
    }

    // MARK: - Registers

    /// log2 of their number.
    private static let precision = 12
    private static let registerCount = 1 << precision
    private static let rankBits = UInt64(64 - precision)
    private static let rankMax = UInt8(64 - precision + 1)
    private static let registersOffset = 128
    /// No estimate has the bits of a NaN.
    private static let unknownEstimate = UInt64.max
    private static let registersClass = BlockArena.sizeClass(forBytes: registersOffset + registerCount)

    /// The place of the first 1 behind the bits that choose the register, from 1.
    @inline(__always)
    private static func rank(_ mixed: UInt64) -> UInt8 {
        min(rankMax, UInt8(truncatingIfNeeded: (mixed << UInt64(precision)).leadingZeroBitCount &+ 1))
    }

    @inline(__always)
    private static func histogram(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt16> {
        (block + SketchHeader.byteCount).assumingMemoryBound(to: UInt16.self)
    }

    @inline(__always)
    private static func registers(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt8> {
        (block + registersOffset).assumingMemoryBound(to: UInt8.self)
    }

    /// Makes registers of the exact set.
    private mutating func estimate(_ arena: inout BlockArena) {
        let new = arena.takeSketch(.distinctRegisters, sizeClass: Self.registersClass)
        let body = new + SketchHeader.byteCount
        body.initializeMemory(
            as: UInt8.self, repeating: 0, count: Self.registersOffset + Self.registerCount - SketchHeader.byteCount)
        new.sketch.pointee.count = UInt32(Self.registerCount)
        if let old = block {
            let words = Self.words(old)
            let registers = Self.registers(new)
            for slot in 0..<Self.slots(old) where words[slot] != 0 {
                let index = Int(words[slot] >> Self.rankBits)
                registers[index] = max(registers[index], Self.rank(words[slot]))
            }
            arena.giveBackSketch(old)
        }
        Self.recount(new)
        block = new
    }

    private static func recount(_ block: UnsafeMutableRawPointer) {
        let (histogram, registers) = (histogram(block), registers(block))
        for rank in 0...Int(rankMax) { histogram[rank] = 0 }
        for index in 0..<registerCount { histogram[Int(registers[index])] &+= 1 }
        block.sketch.pointee.total = unknownEstimate
    }

    private static func estimate(_ histogram: UnsafePointer<UInt16>) -> Double {
        let registers = Double(registerCount)
        var sum = registers * tau(1 - Double(histogram[Int(rankMax)]) / registers)
        for rank in stride(from: Int(rankMax) - 1, through: 1, by: -1) { sum = 0.5 * (sum + Double(histogram[rank])) }
        sum += registers * sigma(Double(histogram[0]) / registers)
        // 1 / (2 ln 2) registers^2 / sum
        return (0.7213475204444817 * registers * registers / sum).rounded()
    }

    /// x + the sum over k of x^(2^k) 2^(k-1); infinite for 1.
    private static func sigma(_ fraction: Double) -> Double {
        if fraction == 1 { return .infinity }
        var (power, weight, sum, before) = (fraction, 1.0, fraction, -1.0)
        while sum != before {
            power *= power
            before = sum
            sum += power * weight
            weight += weight
        }
        return sum
    }

    /// (1 - x - the sum over k of (1 - x^(2^-k))^2 2^-k) / 3
    private static func tau(_ fraction: Double) -> Double {
        if fraction == 0 || fraction == 1 { return 0 }
        var (root, weight, sum, before) = (fraction, 1.0, 1 - fraction, -1.0)
        while sum != before {
            root = root.squareRoot()
            before = sum
            weight *= 0.5
            sum -= (1 - root) * (1 - root) * weight
        }
        return sum / 3
    }
}

// MARK: - Images

extension DistinctSketch {
    /// Bytes of `writeImage`; 0 while the sketch is empty.
    var imageByteCount: Int {
        guard let block else { return 0 }
        return isExact
            ? SketchHeader.byteCount + Self.slots(block) * 8 : Self.registersOffset + Self.registerCount
    }

    /// Complexity: O(bytes). The places of an exact set depend on the order of its values.
    func writeImage(to target: UnsafeMutableRawPointer) {
        guard let block else { return }
        // The estimate belongs to the image.
        _ = value
        target.copyMemory(from: block, byteCount: imageByteCount)
    }

    /// Whether bytes that nobody vouches for are the image of a sketch: then every operation on it is safe.
    ///
    /// Complexity: O(bytes).
    static func isImage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.isEmpty { return true }
        if let header = SketchHeader.read(bytes, kind: .distinctSet) { return isSetImage(bytes, header) }
        guard let header = SketchHeader.read(bytes, kind: .distinctRegisters) else { return false }
        return isRegistersImage(bytes, header)
    }

    private static func isSetImage(_ bytes: UnsafeRawBufferPointer, _ header: SketchHeader) -> Bool {
        guard Int(header.sizeClass) <= setLargestClass, header.total == 0 else { return false }
        let slots = slots(sizeClass: Int(header.sizeClass))
        guard bytes.count == SketchHeader.byteCount + slots * 8,
            Int(header.count) <= min(exactMax, countMax(slots))
        else { return false }
        func word(_ slot: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: SketchHeader.byteCount + slot * 8, as: UInt64.self)
        }
        // A look-up goes from a word's home to the first free place: everything between has to be taken.
        guard let free = (0..<slots).first(where: { word($0) == 0 }) else { return false }
        var (count, runLength) = (0, 0)
        for step in 1..<slots {
            let slot = (free + step) % slots
            let word = word(slot)
            if word == 0 {
                runLength = 0
                continue
            }
            runLength += 1
            count += 1
            let distance = (slot - home(word, slots: slots) + slots) % slots
            if distance >= runLength { return false }
        }
        return count == Int(header.count)
    }

    private static func isRegistersImage(_ bytes: UnsafeRawBufferPointer, _ header: SketchHeader) -> Bool {
        guard Int(header.sizeClass) == registersClass, header.count == UInt32(registerCount),
            bytes.count == registersOffset + registerCount
        else { return false }
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Int(rankMax) + 1) { histogram in
            histogram.initialize(repeating: 0)
            for register in bytes[registersOffset...] {
                if register > rankMax { return false }
                histogram[Int(register)] += 1
            }
            for rank in 0...Int(rankMax) {
                let stored = bytes.loadUnaligned(
                    fromByteOffset: SketchHeader.byteCount + rank * 2, as: UInt16.self)
                if stored != histogram[rank] { return false }
            }
            guard let start = histogram.baseAddress else { return false }
            return header.total == estimate(start).bitPattern
        }
    }

    /// The sketch that an image was made of; `nil` where it is none.
    init?(image bytes: UnsafeRawBufferPointer, _ arena: inout BlockArena) {
        guard Self.isImage(bytes) else { return nil }
        block = nil
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        let header = bytes.loadUnaligned(as: SketchHeader.self)
        let block = arena.take(sizeClass: Int(header.sizeClass))
        block.copyMemory(from: source, byteCount: bytes.count)
        self.block = block
    }
}
