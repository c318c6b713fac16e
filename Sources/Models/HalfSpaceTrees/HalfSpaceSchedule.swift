/// When references are made: a function of the number of events that were learned, and of nothing else.
///
/// ```
///   events   0 ··· W/8 ··· W/4 ··· W/2 ··· W ········ 2W ········ 3W
///   learned        └ of all so far, while ┘ └ of the ┘ └ of the
///                    the first window fills   window     window
/// ```
struct HalfSpaceSchedule: Hashable {
    let window: Int

    /// Parts of the first window at whose ends there are references, so that scores begin early.
    private static let firstParts = [8, 4, 2]

    /// How many events behind `learned` come before the next reference is made; above 0.
    func rowsToNext(_ learned: UInt64) -> Int {
        if learned >= UInt64(window) { return window &- position(learned) }
        let count = Int(learned)
        for index in Self.firstParts.indices where window / Self.firstParts[index] > count {
            return window / Self.firstParts[index] &- count
        }
        return window &- count
    }

    /// Of how many events the reference in force was made; 0: there is none.
    func referenceRows(_ learned: UInt64) -> Int {
        if learned >= UInt64(window) { return window }
        var rows = 0
        for index in Self.firstParts.indices where window / Self.firstParts[index] <= Int(learned) {
            rows = window / Self.firstParts[index]
        }
        return rows
    }

    /// How many of the learned events are in the window that fills.
    func position(_ learned: UInt64) -> Int { Int(learned % UInt64(window)) }
}
