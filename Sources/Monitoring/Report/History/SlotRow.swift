/// What is kept of one slot of time, and can be joined with that of the next.
protocol SlotValue {
    mutating func merge(_ later: Self)
}

/// Values by slot of time, ascending: a bounded history that gets coarser instead of longer.
///
/// A slot of level L is 2^L buckets that begin at a whole multiple of 2^L. So what is kept depends on the values and the
/// level alone, not on when it was made coarser.
struct SlotRow<Value: SlotValue> {
    struct Entry {
        /// The bucket's number at level 0, divided by two (towards minus infinity) at each level.
        var slot: Int64
        var value: Value
    }

    private(set) var entries: [Entry] = []

    /// Changes what is kept of a slot; one that is new begins with `empty`. Complexity: O(1) where slots come in order.
    mutating func update(_ slot: Int64, empty: @autoclosure () -> Value, _ body: (inout Value) -> Void) {
        var place = entries.count
        while place > 0, entries[place - 1].slot > slot { place -= 1 }
        if place == 0 || entries[place - 1].slot != slot {
            entries.insert(Entry(slot: slot, value: empty()), at: place)
            place += 1
        }
        body(&entries[place - 1].value)
    }

    /// One level up: two slots become one.
    mutating func halve() {
        var joined: [Entry] = []
        joined.reserveCapacity(entries.count)
        for entry in entries {
            // An arithmetic shift rounds towards minus infinity.
            let slot = entry.slot >> 1
            if joined.last?.slot == slot {
                joined[joined.count - 1].value.merge(entry.value)
            } else {
                joined.append(Entry(slot: slot, value: entry.value))
            }
        }
        entries = joined
    }
}
