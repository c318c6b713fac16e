/// Score records by the hash of their ids: open addressing over columns.
struct ScoreTable {
    struct Key: Hashable {
        var high: Int
        var low: Int
    }

    private var keys: [Key] = []
    private var lines: [UInt32] = []
    private var isTaken: [Bool] = []
    /// Numbers of records; -1: free. A power of two of them, at most three quarters in use.
    private var slots = [Int32](repeating: -1, count: 1_024)
    /// Features and score, record after record.
    var values: [Double] = []
    var decisions: [Int16] = []

    var count: Int { keys.count }

    /// Adds a record with room for its values; `nil`: there is one with this key.
    ///
    /// - Returns: where its values begin. Complexity: O(1) amortised.
    mutating func insert(_ key: Key, line: UInt32, width: Int) -> Int? {
        if (keys.count + 1) * 4 > slots.count * 3 { grow() }
        let slot = slot(of: key)
        if slots[slot] >= 0 { return nil }
        slots[slot] = Int32(keys.count)
        keys.append(key)
        lines.append(line)
        isTaken.append(false)
        for _ in 0..<width { values.append(.nan) }
        return values.count - width
    }

    /// The number of the record with this key, which is taken from now on; `nil`: there is none.
    mutating func take(_ key: Key) -> Int? {
        let number = slots[slot(of: key)]
        if number < 0 { return nil }
        isTaken[Int(number)] = true
        return Int(number)
    }

    /// How many were never taken, and the lines of the first of them.
    func untaken(atMost shown: Int) -> (count: Int, lines: [Int]) {
        var (count, found) = (0, [Int]())
        for number in keys.indices where !isTaken[number] {
            count += 1
            if found.count < shown { found.append(Int(lines[number])) }
        }
        return (count, found)
    }

    private func slot(of key: Key) -> Int {
        var slot = key.low & (slots.count - 1)
        while slots[slot] >= 0 && keys[Int(slots[slot])] != key { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for number in keys.indices { slots[slot(of: keys[number])] = Int32(number) }
    }
}
