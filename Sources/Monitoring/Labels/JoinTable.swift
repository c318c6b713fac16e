/// What waits in a join, and what is remembered of it: entries found by key, each in one of three lists in order of age.
///
/// Entries lie in one array and are found by open addressing (linear probing, no tombstones). Where an entry lies is not
/// seen from outside: only the lists' order is.
struct JoinTable: Sendable {
    enum Role: UInt8, CaseIterable {
        /// A score without a label.
        case waiting
        /// A label without a score.
        case early
        /// Over, and kept to tell a second one from a first.
        case over
    }

    struct Entry {
        let key: LabelKey
        /// Of the event, or since when its label is known.
        var time: Int64
        var score: Double
        var card: UInt64
        fileprivate var next: Int32 = -1
        fileprivate var previous: Int32 = -1
        var decision: UInt16
        var version: UInt16
        fileprivate(set) var role: Role
        fileprivate(set) var label: JoinLabel

        init(_ score: ScoredEvent) {
            key = score.key
            time = score.time
            self.score = score.score
            card = score.card
            decision = score.decision
            version = score.version
            role = .waiting
            label = .none
        }

        /// As it was kept.
        init(_ event: ScoredEvent, _ role: Role, _ label: JoinLabel) {
            self.init(event)
            self.role = role
            self.label = label
        }

        init(_ event: LabelEvent) {
            key = event.key
            time = event.available
            (score, card, decision, version) = (.nan, ScoredEvent.noCard, 0, 0)
            role = .early
            label = JoinLabel(event.isPositive)
        }
    }

    private struct List {
        var first: Int32 = -1
        var last: Int32 = -1
        var count = 0
    }

    private var entries: [Entry] = []
    /// Entries that are not in use, chained by `next`.
    private var free: Int32 = -1
    /// By place: 0, or an entry's index and 1.
    private var index: [UInt32]
    private var lists = [List](repeating: List(), count: Role.allCases.count)
    private static let indexCountMin = 64

    /// The most entries of any table: their numbers fit into four bytes.
    static let countMax = 1 << 28

    init() { index = Array(repeating: 0, count: Self.indexCountMin) }

    var count: Int { lists[0].count + lists[1].count + lists[2].count }

    func count(of role: Role) -> Int { lists[Int(role.rawValue)].count }

    /// Bytes of entries and index.
    var byteCount: Int { entries.capacity * MemoryLayout<Entry>.stride + index.count * 4 }

    /// The oldest of a list.
    func first(of role: Role) -> Int? {
        let first = lists[Int(role.rawValue)].first
        return first < 0 ? nil : Int(first)
    }

    /// The next younger one of its list.
    func next(after entry: Int) -> Int? {
        let next = entries[entry].next
        return next < 0 ? nil : Int(next)
    }

    subscript(_ entry: Int) -> Entry { entries[entry] }

    /// The entry of a key. Complexity: O(1) on average.
    func find(_ key: LabelKey) -> Int? {
        let mask = index.count - 1
        var place = Int(truncatingIfNeeded: key.placeBits) & mask
        while index[place] != 0 {
            let entry = Int(index[place]) - 1
            if entries[entry].key == key { return entry }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Adds the youngest of its list. - Precondition: its key is not there. Complexity: O(1) on average.
    mutating func insert(_ entry: Entry) {
        if (count + 1) * 2 > index.count { grow() }
        let number: Int
        if free >= 0 {
            number = Int(free)
            free = entries[number].next
            entries[number] = entry
        } else {
            precondition(entries.count < Self.countMax, "\(entries.count) entries in a join")
            number = entries.count
            entries.append(entry)
        }
        place(number)
        append(number, to: entry.role)
    }

    /// Makes an entry the youngest of those that are over, with the label it got. Complexity: O(1).
    mutating func remember(_ entry: Int, label: JoinLabel) {
        unlink(entry)
        entries[entry].role = .over
        entries[entry].label = label
        append(entry, to: .over)
    }

    /// Complexity: O(1) on average.
    mutating func remove(_ entry: Int) {
        unlink(entry)
        displace(entry)
        entries[entry].next = free
        free = Int32(entry)
    }

    private mutating func append(_ entry: Int, to role: Role) {
        let list = Int(role.rawValue)
        let last = lists[list].last
        entries[entry].next = -1
        entries[entry].previous = last
        if last < 0 { lists[list].first = Int32(entry) } else { entries[Int(last)].next = Int32(entry) }
        lists[list].last = Int32(entry)
        lists[list].count += 1
    }

    private mutating func unlink(_ entry: Int) {
        let list = Int(entries[entry].role.rawValue)
        let (next, previous) = (entries[entry].next, entries[entry].previous)
        if previous < 0 { lists[list].first = next } else { entries[Int(previous)].next = next }
        if next < 0 { lists[list].last = previous } else { entries[Int(next)].previous = previous }
        lists[list].count -= 1
    }

    private mutating func place(_ entry: Int) {
        let mask = index.count - 1
        var place = Int(truncatingIfNeeded: entries[entry].key.placeBits) & mask
        while index[place] != 0 { place = (place + 1) & mask }
        index[place] = UInt32(entry + 1)
    }

    /// Takes an entry out of the index and closes the gap, so that every entry stays reachable from its home.
    private mutating func displace(_ entry: Int) {
        let mask = index.count - 1
        var gap = Int(truncatingIfNeeded: entries[entry].key.placeBits) & mask
        while Int(index[gap]) != entry + 1 { gap = (gap + 1) & mask }
        var place = gap
        while true {
            place = (place + 1) & mask
            if index[place] == 0 { break }
            let home = Int(truncatingIfNeeded: entries[Int(index[place]) - 1].key.placeBits) & mask
            // It may move back to the gap unless its home lies behind the gap.
            if (place - home) & mask >= (place - gap) & mask {
                index[gap] = index[place]
                gap = place
            }
        }
        index[gap] = 0
    }

    private mutating func grow() {
        index = Array(repeating: 0, count: index.count * 2)
        for list in lists {
            var entry = list.first
            while entry >= 0 {
                place(Int(entry))
                entry = entries[Int(entry)].next
            }
        }
    }
}

/// A label that may not be there, in one byte.
enum JoinLabel: UInt8, Sendable {
    case negative, positive, none

    init(_ isPositive: Bool) { self = isPositive ? .positive : .negative }

    var isPositive: Bool? {
        switch self {
        case .negative: false
        case .positive: true
        case .none: nil
        }
    }
}
