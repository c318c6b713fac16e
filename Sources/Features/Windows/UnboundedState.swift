/// What is known of all events since the beginning, without remembering them.

/// How many events there were.
struct EventTally {
    var count: UInt64
}

/// The exact sum of integers and their number.
struct IntegerTally {
    var sum: IntegerSum
    var count: UInt64
}

/// The sum of doubles and their number: nothing ever leaves, so each step's error of 2^-105 is relative to what is there.
struct DoubleTally {
    var sum: CompensatedSum
    var count: UInt64
}

/// One value that stands out, by its time or by itself.
struct Landmark {
    var time: Int64
    var word: Int64
    /// 1 where there is one; whatever else an image holds counts as one, too.
    var presence: UInt64

    mutating func set(_ time: Int64, _ word: Int64) {
        self.time = time
        self.word = word
        presence = 1
    }
}
