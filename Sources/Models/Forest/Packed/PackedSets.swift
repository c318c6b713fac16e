/// Sets of categories one behind the other, each as the number of its words and the words; equal sets stand once.
struct PackedSets {
    private(set) var words: [UInt32] = []
    private var places: [CategorySet: UInt32] = [:]

    mutating func place(of set: CategorySet) -> UInt32 {
        if let place = places[set] { return place }
        let place = UInt32(words.count)
        words.append(UInt32(set.words.count))
        words += set.words
        places[set] = place
        return place
    }
}
