/// What the process is working on, in memory that outlives it: after an unclean end the next one knows which events
/// were in its hands.
///
/// ```
/// magic | status | signal | lanes | quarantined | single: lane, offset, deaths | lane table | quarantine table
/// ```
///
/// Everything is a store into mapped memory, so keeping it costs nothing and no crash of the process can lose it. (A
/// crash of the machine can: then there is nothing to suspect either.)
// SAFETY: written by the engine's thread; a signal handler stores one word that nobody else writes.
public final class InFlightRecord: @unchecked Sendable {
    /// What the process before this one left.
    struct Leftover: Hashable {
        /// Offsets that were in work when it died, by `topic/partition`; empty after an orderly end.
        var suspects: [String: Range<Int64>] = [:]
        /// Events that are not to be looked at again.
        var quarantined: [String: Set<Int64>] = [:]
        /// One of them, where its process was the last.
        var newlyQuarantined: (name: String, offset: Int64)?

        static func == (left: Leftover, right: Leftover) -> Bool {
            left.suspects == right.suspects && left.quarantined == right.quarantined
                && left.newlyQuarantined?.offset == right.newlyQuarantined?.offset
        }

        func hash(into hasher: inout Hasher) { hasher.combine(suspects) }
    }

    private enum Word {
        static let magic = 0
        static let status = 1
        static let signal = 2
        static let laneCount = 3
        static let quarantineCount = 4
        static let isSingle = 5
        static let singleOffset = 6
        static let singleDeaths = 7
    }

    private static let magic: UInt64 = 0x315E_4C46_4652_4951
    private static let running: UInt64 = 1
    static let nameBytesMax = 254
    /// A length and a name.
    private static let nameBytes = 256
    private static let singleNameByte = 64
    private static let lanesByte = 64 + nameBytes
    /// A name, `from` and `to`.
    private static let laneBytes = nameBytes + 16
    /// More partitions than one instance can usefully own; what is beyond is not watched.
    static let lanesMax = 1_024
    private static let quarantineByte = lanesByte + lanesMax * laneBytes
    private static let quarantineBytes = nameBytes + 8
    /// Events that kill are rare: who has so many has another problem, and the oldest makes room.
    static let quarantineMax = 1_024
    public static let byteCount = quarantineByte + quarantineMax * quarantineBytes
    /// So often may a process die over one event without saying why (killed from outside, or out of memory) before the
    /// event is blamed; a crash of its own accord counts at once.
    static let silentDeathsMax = 3

    private let memory: UnsafeMutableRawBufferPointer
    private let onRelease: @Sendable () -> Void

    /// - Parameters:
    ///   - memory: `byteCount` bytes that outlive the process; zeros at first.
    ///   - onRelease: gives the memory back.
    public init(_ memory: UnsafeMutableRawBufferPointer, onRelease: @escaping @Sendable () -> Void) {
        precondition(memory.count >= Self.byteCount, "\(memory.count) bytes of \(Self.byteCount)")
        self.memory = memory
        self.onRelease = onRelease
    }

    deinit { onRelease() }

    private subscript(word: Int) -> UInt64 {
        get { memory.load(fromByteOffset: word * 8, as: UInt64.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: word * 8, as: UInt64.self) }
    }

    /// Where a signal handler stores the number of the signal that ends the process.
    public var signalWord: UnsafeMutablePointer<UInt64> {
        (memory.baseAddress.unsafelyUnwrapped + Word.signal * 8).assumingMemoryBound(to: UInt64.self)
    }

    // MARK: - The life of a process

    /// Reads what the last process left, and begins anew. What is damaged counts as nothing.
    func begin() -> Leftover {
        var leftover = Leftover()
        if self[Word.magic] != Self.magic {
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            self[Word.magic] = Self.magic
        }
        let wasUnclean = self[Word.status] == Self.running
        if wasUnclean { blameSingle(&leftover) }
        for index in 0..<min(Int(clamping: self[Word.quarantineCount]), Self.quarantineMax) {
            let byte = Self.quarantineByte + index * Self.quarantineBytes
            guard let name = name(at: byte) else { continue }
            leftover.quarantined[name, default: []].insert(offset(at: byte + Self.nameBytes))
        }
        if wasUnclean {
            for index in 0..<min(Int(clamping: self[Word.laneCount]), Self.lanesMax) {
                let byte = Self.lanesByte + index * Self.laneBytes
                let from = offset(at: byte + Self.nameBytes)
                let to = offset(at: byte + Self.nameBytes + 8)
                if let name = name(at: byte), from >= 0, from < to { leftover.suspects[name] = from..<to }
            }
        }
        self[Word.signal] = 0
        self[Word.laneCount] = 0
        self[Word.status] = Self.running
        return leftover
    }

    /// The event that was alone in work when the process died: did it do it?
    private func blameSingle(_ leftover: inout Leftover) {
        guard self[Word.isSingle] != 0, let name = name(at: Self.singleNameByte) else { return }
        self[Word.isSingle] = 0
        self[Word.singleDeaths] = min(self[Word.singleDeaths], 1_000) + 1
        guard self[Word.signal] != 0 || self[Word.singleDeaths] >= UInt64(Self.silentDeathsMax) else { return }
        let offset = Int64(bitPattern: self[Word.singleOffset])
        self[Word.singleDeaths] = 0
        let count = min(Int(clamping: self[Word.quarantineCount]), Self.quarantineMax)
        let place = count < Self.quarantineMax ? count : 0
        let byte = Self.quarantineByte + place * Self.quarantineBytes
        store(name, at: byte)
        memory.storeBytes(of: offset, toByteOffset: byte + Self.nameBytes, as: Int64.self)
        self[Word.quarantineCount] = UInt64(max(count, place + 1))
        leftover.newlyQuarantined = (name, offset)
    }

    /// The process ends in order: nothing is in its hands.
    func end() {
        self[Word.isSingle] = 0
        self[Word.laneCount] = 0
        self[Word.status] = 0
    }

    // MARK: - While it runs

    /// The lanes of an assignment by `topic/partition`; nothing of them is in work yet.
    func setLanes(_ names: [String], at offsets: [Int64]) {
        self[Word.laneCount] = 0
        for (index, name) in names.prefix(Self.lanesMax).enumerated() {
            store(name, at: Self.lanesByte + index * Self.laneBytes)
            note(lane: index, from: offsets[index], to: offsets[index])
        }
        self[Word.laneCount] = UInt64(min(names.count, Self.lanesMax))
    }

    /// Offsets from `from` up to `to` are in work.
    @inline(__always)
    func note(lane: Int, from: Int64, to: Int64) {
        if lane >= Self.lanesMax { return }
        let byte = Self.lanesByte + lane * Self.laneBytes + Self.nameBytes
        memory.storeBytes(of: from, toByteOffset: byte, as: Int64.self)
        memory.storeBytes(of: to, toByteOffset: byte + 8, as: Int64.self)
    }

    /// One suspect is in work alone.
    func beginSingle(_ name: String, offset: Int64) {
        let isSame =
            offset == Int64(bitPattern: self[Word.singleOffset]) && self.name(at: Self.singleNameByte) == name
        if !isSame {
            store(name, at: Self.singleNameByte)
            self[Word.singleOffset] = UInt64(bitPattern: offset)
            self[Word.singleDeaths] = 0
        }
        self[Word.isSingle] = 1
    }

    func endSingle() { self[Word.isSingle] = 0 }

    // MARK: - Bytes

    private func offset(at byte: Int) -> Int64 { memory.load(fromByteOffset: byte, as: Int64.self) }

    private func name(at byte: Int) -> String? {
        let count = Int(memory.load(fromByteOffset: byte, as: UInt16.self))
        guard (1...Self.nameBytesMax).contains(count) else { return nil }
        return String(validating: memory[byte + 2..<byte + 2 + count], as: UTF8.self)
    }

    /// Kafka's names are shorter than the room; what were longer is not watched.
    private func store(_ name: String, at byte: Int) {
        let utf8 = Array(name.utf8)
        let count = utf8.count <= Self.nameBytesMax ? utf8.count : 0
        memory.storeBytes(of: UInt16(count), toByteOffset: byte, as: UInt16.self)
        for index in 0..<count { memory[byte + 2 + index] = utf8[index] }
    }
}
