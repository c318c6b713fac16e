/// A detector's or a bucket's state as bytes: little-endian words between a mark and a checksum of all before it.
///
/// The bytes come from a file: what is read is checked before it is taken, so that a state of another reference, a cut
/// or a hostile one is refused.
public enum SequentialStateFault: Error, Hashable, Sendable, CustomStringConvertible {
    case notAState
    case damaged
    case ofOtherBets

    public var description: String {
        switch self {
        case .notAState: "the bytes are not a detector's state, or one of another version"
        case .damaged: "the detector's state is damaged: it is cut short or its values are impossible"
        case .ofOtherBets: "the detector's state belongs to another reference or budget: start it anew"
        }
    }
}

extension SequentialDetector {
    private static let mark: UInt64 = 0x3152_5345_4C46_4652  // "RFFLESR1"

    /// What `init(restoring:bets:runLength:)` takes. Complexity: O(components).
    public func stateBytes() -> [UInt8] {
        var words = StateWords(mark: Self.mark)
        words.append(identity)
        words.append(UInt64(eventCount))
        words.append(statistic.bitPattern)
        for value in evidence { words.append(value.bitPattern) }
        for value in changes { words.append(value.bitPattern) }
        return words.sealed()
    }

    /// A detector that goes on where the one that gave the bytes was, bit for bit.
    ///
    /// - Throws: `SequentialStateFault`.
    public init(restoring bytes: [UInt8], bets: SequentialBets, runLength: Double) throws(SequentialStateFault) {
        self.init(bets: bets, runLength: runLength)
        let words = try StateWords.opened(bytes, mark: Self.mark)
        guard words.count >= 3 else { throw .damaged }
        guard words[0] == identity else { throw .ofOtherBets }
        let count = evidence.count
        guard words.count == 3 + 2 * count, words[1] <= UInt64(Self.eventsMax) else { throw .damaged }
        eventCount = Int(words[1])
        statistic = Double(bitPattern: words[2])
        for component in 0..<count {
            evidence[component] = Double(bitPattern: words[3 + component])
            changes[component] = Double(bitPattern: words[3 + count + component])
        }
        let events = Double(eventCount)
        guard evidence.allSatisfy({ $0 >= 0 && $0 <= Self.evidenceMax }),
            changes.allSatisfy({ $0 >= 0 && $0 <= events }), statistic >= 0, statistic <= Self.evidenceMax
        else { throw .damaged }
    }

    /// Of the bets and the run length: states of others are not taken.
    private var identity: UInt64 {
        var words = StateWords(mark: Self.mark)
        words.append(runLength.bitPattern)
        words.append(UInt64(bets.strataCount))
        for threshold in bets.thresholds { words.append(UInt64(threshold)) }
        for value in bets.logAbove { words.append(value.bitPattern) }
        for value in bets.logBelow { words.append(value.bitPattern) }
        return words.checksum
    }
}

extension BucketCounts {
    private static let mark: UInt64 = 0x3154_4B42_4C46_4652  // "RFFLBKT1"

    public func stateBytes() -> [UInt8] {
        var words = StateWords(mark: Self.mark)
        for bin in 0..<binCount { words.append(UInt64(events(inBin: bin))) }
        return words.sealed()
    }

    /// - Throws: `SequentialStateFault`, also when the bytes hold another number of bins.
    public init(restoring bytes: [UInt8], binCount: Int) throws(SequentialStateFault) {
        self.init(binCount: binCount)
        let words = try StateWords.opened(bytes, mark: Self.mark)
        guard words.count == binCount else { throw .ofOtherBets }
        for (bin, word) in words.enumerated() {
            guard word <= UInt64(Self.eventsMax - eventCount) else { throw .damaged }
            add(bin: bin, events: Int(word))
        }
    }
}

/// Words behind a mark, sealed with a checksum (FNV-1a, 64 bits, over words).
private struct StateWords {
    private var words: [UInt64]
    private(set) var checksum: UInt64 = 0xCBF2_9CE4_8422_2325

    init(mark: UInt64) {
        words = []
        append(mark)
    }

    mutating func append(_ word: UInt64) {
        words.append(word)
        checksum = (checksum ^ word) &* 0x0000_0100_0000_01B3
        checksum ^= checksum >> 29
    }

    func sealed() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * words.count + 8)
        for word in words + [checksum] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }

    /// The words between the mark and the seal.
    static func opened(_ bytes: [UInt8], mark: UInt64) throws(SequentialStateFault) -> [UInt64] {
        guard bytes.count >= 16, bytes.count % 8 == 0 else { throw bytes.count < 8 ? .notAState : .damaged }
        func word(_ index: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[8 * index + $1]) << UInt64(8 * $1) }
        }
        guard word(0) == mark else { throw .notAState }
        var content = StateWords(mark: mark)
        let count = bytes.count / 8
        for index in 1..<(count - 1) { content.append(word(index)) }
        guard content.checksum == word(count - 1) else { throw .damaged }
        return Array(content.words.dropFirst())
    }
}
