/// Quantiles of numbers to 1 % of their own magnitude: the DDSketch of Masson, Rim and Lee (VLDB 2019).
///
/// It counts how many numbers each of `QuantileBuckets` has, and keeps the buckets that have any in one sorted run. So it
/// is a function of the numbers alone, whatever their order: adding can be undone exactly and merging loses nothing.
///
/// ```
///   header │ key, count │ key, count │ ...      one word each, ascending: (key + 2^17) · 2^46 + count
/// ```
///
/// NaN and infinities are missing and not counted. A number below 1e-300 counts as 0, one above 1e300 as that.
///
/// **Bounded or undone, not both.** What is only added to and merged may be held to `bucketsMax` buckets, by folding the
/// lowest into one: it is then a function of the numbers still, exact in all but that one bucket. What has been folded
/// cannot be taken out again, so a sliding window has to leave its sketch unfolded; its buckets are fewer than its events.
///
/// Whoever holds a sketch gives its block back with `release`.
struct QuantileSketch {
    /// Nothing while no number is in it.
    private(set) var block: UnsafeMutableRawPointer?

    /// With so many buckets a sketch that is folded fills 16 KiB: numbers over 17 orders of magnitude.
    static let foldedBucketsMax = (1 << 14 - SketchHeader.byteCount) / 8
    /// Every bucket there is: nothing is folded.
    static let unfolded = Int(QuantileBuckets.keyMax) * 2 + 1

    static var empty: QuantileSketch { QuantileSketch(block: nil) }

    private static let countBits: UInt64 = 46
    /// No bucket counts further: 2,000 years of a thousand events a second.
    static let bucketCountMax: UInt64 = 1 << countBits - 1
    private static let keyBias: Int64 = 1 << 17

    /// Numbers in the sketch.
    var count: UInt64 { block?.sketch.pointee.total ?? 0 }

    var bucketCount: Int { Int(block?.sketch.pointee.count ?? 0) }

    // MARK: - Words

    @inline(__always)
    private static func word(_ key: Int32) -> UInt64 { UInt64(bitPattern: Int64(key) &+ keyBias) << countBits }

    @inline(__always)
    private static func key(_ word: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: Int64(bitPattern: word >> countBits) &- keyBias)
    }

    @inline(__always)
    private static func count(_ word: UInt64) -> UInt64 { word & bucketCountMax }

    /// The word with a larger count, which stops at the largest.
    @inline(__always)
    private static func adding(_ count: UInt64, to word: UInt64) -> UInt64 {
        word &+ min(count, bucketCountMax &- Self.count(word))
    }

    @inline(__always)
    private static func words(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt64> {
        (block + SketchHeader.byteCount).assumingMemoryBound(to: UInt64.self)
    }

    private static func capacity(_ block: UnsafeMutableRawPointer) -> Int {
        (1 << Int(block.sketch.pointee.sizeClass) - SketchHeader.byteCount) / 8
    }

    /// Bytes of the block of a sketch with so many buckets.
    static func blockBytes(buckets: Int) -> Int { buckets == 0 ? 0 : 1 << sizeClass(buckets: buckets) }

    private static func sizeClass(buckets: Int) -> Int {
        BlockArena.sizeClass(forBytes: SketchHeader.byteCount + buckets * 8)
    }

    /// The first place whose key is not less.
    @inline(__always)
    private static func place(of word: UInt64, in words: UnsafePointer<UInt64>, count: Int) -> Int {
        var first = 0
        var length = count
        while length > 0 {
            let half = length >> 1
            if words[first &+ half] < word {
                first &+= half &+ 1
                length &-= half &+ 1
            } else {
                length = half
            }
        }
        return first
    }

    // MARK: - Adding and removing

    /// Complexity: O(log buckets); O(buckets) where the number's bucket is new.
    mutating func add(_ value: Double, bucketsMax: Int = unfolded, _ arena: inout BlockArena) {
        if !value.isFinite { return }
        let word = Self.word(QuantileBuckets.key(of: value))
        let block = self.block ?? arena.takeSketch(.quantile, sizeClass: BlockArena.smallestClass)
        self.block = block
        let words = Self.words(block)
        let count = Int(block.sketch.pointee.count)
        let place = Self.place(of: word, in: words, count: count)
        block.sketch.pointee.total &+= 1
        if place < count, words[place] >> Self.countBits == word >> Self.countBits {
            words[place] = Self.adding(1, to: words[place])
        } else if count >= bucketsMax {
            Self.insertFolding(word, at: place, words)
        } else {
            insert(word, at: place, &arena)
        }
    }

    @inline(never)
    private mutating func insert(_ word: UInt64, at place: Int, _ arena: inout BlockArena) {
        guard let old = block else { return }
        let count = Int(old.sketch.pointee.count)
        if count == Self.capacity(old) { move(toBuckets: count + 1, &arena) }
        guard let block else { return }
        let words = Self.words(block)
        (words + place + 1).update(from: words + place, count: count - place)
        words[place] = word + 1
        block.sketch.pointee.count += 1
    }

    /// A new bucket where there may be no more: the two lowest become one, with the key of the higher.
    private static func insertFolding(_ word: UInt64, at place: Int, _ words: UnsafeMutablePointer<UInt64>) {
        if place == 0 {
            words[0] = adding(1, to: words[0])
            return
        }
        let lowest = count(words[0])
        words.update(from: words + 1, count: place - 1)
        words[place - 1] = word + 1
        words[0] = adding(lowest, to: words[0])
    }

    /// Undoes one `add` of the same number; a number that is not there is left alone.
    ///
    /// Complexity: O(log buckets); O(buckets) where its bucket empties.
    @discardableResult
    mutating func remove(_ value: Double, _ arena: inout BlockArena) -> Bool {
        guard value.isFinite, let block else { return false }
        let word = Self.word(QuantileBuckets.key(of: value))
        let words = Self.words(block)
        let count = Int(block.sketch.pointee.count)
        let place = Self.place(of: word, in: words, count: count)
        guard place < count, words[place] >> Self.countBits == word >> Self.countBits else { return false }
        block.sketch.pointee.total &-= 1
        words[place] &-= 1
        if Self.count(words[place]) > 0 { return true }
        (words + place).update(from: words + place + 1, count: count - place - 1)
        block.sketch.pointee.count = UInt32(count - 1)
        shrink(&arena)
        return true
    }

    /// Gives back the block, or half of it, once a quarter would do.
    private mutating func shrink(_ arena: inout BlockArena) {
        guard let block else { return }
        let count = Int(block.sketch.pointee.count)
        if count == 0 {
            release(&arena)
        } else if Int(block.sketch.pointee.sizeClass) > BlockArena.smallestClass, count * 4 <= Self.capacity(block) {
            move(toBuckets: count * 2, &arena)
        }
    }

    private mutating func move(toBuckets buckets: Int, _ arena: inout BlockArena) {
        guard let old = block else { return }
        let new = arena.takeSketch(.quantile, sizeClass: Self.sizeClass(buckets: buckets))
        new.sketch.pointee.total = old.sketch.pointee.total
        new.sketch.pointee.count = old.sketch.pointee.count
        Self.words(new).update(from: Self.words(old), count: Int(old.sketch.pointee.count))
        arena.giveBackSketch(old)
        block = new
    }

    /// Empties the sketch and gives its block back.
    mutating func release(_ arena: inout BlockArena) {
        if let block { arena.giveBackSketch(block) }
        block = nil
    }

    // MARK: - Merging

    /// Adds all numbers of another sketch.
    ///
    /// Complexity: O(buckets of both).
    mutating func merge(_ other: QuantileSketch, bucketsMax: Int = unfolded, _ arena: inout BlockArena) {
        guard let source = other.block else { return }
        let target = block ?? arena.takeSketch(.quantile, sizeClass: BlockArena.smallestClass)
        let union = Self.unionCount(target, source)
        let kept = min(union, bucketsMax)
        // From the top down, so that it can be done in place: what is written is never below what is still to be read,
        // unless buckets are folded.
        let fits = union == kept && union <= Self.capacity(target)
        let result = fits ? target : arena.takeSketch(.quantile, sizeClass: Self.sizeClass(buckets: kept))
        Self.mergeDown(target, source, to: Self.words(result), count: kept)
        result.sketch.pointee.total = target.sketch.pointee.total &+ source.sketch.pointee.total
        result.sketch.pointee.count = UInt32(kept)
        if result != target { arena.giveBackSketch(target) }
        block = result
    }

    private static func unionCount(_ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer) -> Int {
        let (leftWords, rightWords) = (words(left), words(right))
        let (leftCount, rightCount) = (Int(left.sketch.pointee.count), Int(right.sketch.pointee.count))
        var (leftIndex, rightIndex, union) = (0, 0, 0)
        while leftIndex < leftCount && rightIndex < rightCount {
            let leftKey = leftWords[leftIndex] >> countBits
            let rightKey = rightWords[rightIndex] >> countBits
            if leftKey <= rightKey { leftIndex &+= 1 }
            if rightKey <= leftKey { rightIndex &+= 1 }
            union &+= 1
        }
        return union + leftCount - leftIndex + rightCount - rightIndex
    }

    /// Writes the highest `count` buckets of both; the lowest of these takes what is below it.
    private static func mergeDown(
        _ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer, to result: UnsafeMutablePointer<UInt64>,
        count: Int
    ) {
        let (leftWords, rightWords) = (words(left), words(right))
        var (leftIndex, rightIndex) = (Int(left.sketch.pointee.count) - 1, Int(right.sketch.pointee.count) - 1)
        var place = count
        while leftIndex >= 0 || rightIndex >= 0 {
            let leftWord = leftIndex >= 0 ? leftWords[leftIndex] : 0
            let rightWord = rightIndex >= 0 ? rightWords[rightIndex] : 0
            let takesLeft = leftWord >> countBits >= rightWord >> countBits
            var word = takesLeft ? leftWord : rightWord
            if leftWord >> countBits == rightWord >> countBits { word = adding(Self.count(rightWord), to: leftWord) }
            if takesLeft { leftIndex &-= 1 }
            if leftWord >> countBits <= rightWord >> countBits { rightIndex &-= 1 }
            if place > 0 {
                place &-= 1
                result[place] = word
            } else {
                result[0] = adding(Self.count(word), to: result[0])
            }
        }
    }

    /// Takes out all numbers of a sketch that was merged into this one, and neither ever folded.
    ///
    /// Complexity: O(buckets of both).
    mutating func subtract(_ other: QuantileSketch, _ arena: inout BlockArena) {
        guard let block, let source = other.block else { return }
        let (words, sourceWords) = (Self.words(block), Self.words(source))
        let (count, sourceCount) = (Int(block.sketch.pointee.count), Int(source.sketch.pointee.count))
        var (kept, sourceIndex) = (0, 0)
        for index in 0..<count {
            let word = words[index]
            while sourceIndex < sourceCount, sourceWords[sourceIndex] >> Self.countBits < word >> Self.countBits {
                sourceIndex &+= 1
            }
            var taken: UInt64 = 0
            if sourceIndex < sourceCount, sourceWords[sourceIndex] >> Self.countBits == word >> Self.countBits {
                taken = min(Self.count(sourceWords[sourceIndex]), Self.count(word))
            }
            block.sketch.pointee.total &-= taken
            if taken == Self.count(word) { continue }
            words[kept] = word &- taken
            kept &+= 1
        }
        block.sketch.pointee.count = UInt32(kept)
        shrink(&arena)
    }

    // MARK: - What comes out

    /// The number of rank floor(p (n - 1)), from 0, as its bucket's representative; NaN where there are none.
    ///
    /// - Parameter p: from 0 to 1; beyond, the nearest of these.
    ///
    /// Complexity: O(buckets between the quantile and the nearer end).
    func quantile(_ p: Double) -> Double {
        guard let block else { return .nan }
        let words = Self.words(block)
        let count = Int(block.sketch.pointee.count)
        let last = block.sketch.pointee.total &- 1
        let scaled = max(0, min(1, p)) * Double(last)
        let rank = scaled < 0x1p63 ? min(last, UInt64(scaled)) : last
        var seen: UInt64 = 0
        if rank <= last / 2 {
            for index in 0..<count {
                seen &+= Self.count(words[index])
                if seen > rank { return QuantileBuckets.representative(Self.key(words[index])) }
            }
            return QuantileBuckets.representative(Self.key(words[count - 1]))
        }
        let rankFromTop = last - rank
        for index in stride(from: count - 1, through: 0, by: -1) {
            seen &+= Self.count(words[index])
            if seen > rankFromTop { return QuantileBuckets.representative(Self.key(words[index])) }
        }
        return QuantileBuckets.representative(Self.key(words[0]))
    }
}

// MARK: - Images

extension QuantileSketch {
    /// Bytes of `writeImage`; 0 while the sketch is empty.
    var imageByteCount: Int { block == nil ? 0 : SketchHeader.byteCount + bucketCount * 8 }

    /// Writes the sketch as bytes that depend on its numbers alone, and not on how it came to hold them.
    func writeImage(to target: UnsafeMutableRawPointer) {
        guard let block else { return }
        target.copyMemory(from: block, byteCount: imageByteCount)
        let sizeClass = UInt8(Self.sizeClass(buckets: bucketCount))
        target.storeBytes(
            of: sizeClass, toByteOffset: MemoryLayout<SketchHeader>.offset(of: \.sizeClass)!, as: UInt8.self)
    }

    /// Whether bytes that nobody vouches for are the image of a sketch: then every operation on it is safe.
    ///
    /// Complexity: O(buckets).
    static func isImage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.isEmpty { return true }
        guard let header = SketchHeader.read(bytes, kind: .quantile), header.count <= unfolded,
            bytes.count == SketchHeader.byteCount + Int(header.count) * 8
        else { return false }
        var total: UInt64 = 0
        var before = Int64.min
        for index in 0..<Int(header.count) {
            let word = bytes.loadUnaligned(fromByteOffset: SketchHeader.byteCount + index * 8, as: UInt64.self)
            let key = Int64(word >> countBits) - keyBias
            guard key > before, key.magnitude <= UInt64(QuantileBuckets.keyMax), count(word) > 0 else { return false }
            before = key
            // Fewer than 2^18 buckets of fewer than 2^46: no overflow.
            total += count(word)
        }
        return total == header.total
    }

    /// The sketch that an image was made of; `nil` where it is none.
    init?(image bytes: UnsafeRawBufferPointer, _ arena: inout BlockArena) {
        guard Self.isImage(bytes) else { return nil }
        block = nil
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        let sizeClass = BlockArena.sizeClass(forBytes: bytes.count)
        let block = arena.take(sizeClass: sizeClass)
        block.copyMemory(from: source, byteCount: bytes.count)
        block.sketch.pointee.sizeClass = UInt8(sizeClass)
        self.block = block
    }
}
