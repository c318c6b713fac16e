/// Random numbers that are a function of where they are used, so that no part of a tree has to be stored to be known.
enum HalfSpaceRandom {
    /// SplitMix64's output function (Steele, Lea, Flood 2014): neighbouring numbers become unrelated ones.
    @inline(__always)
    static func mixed(_ number: UInt64) -> UInt64 {
        var bits = number &+ 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// What a tree's root draws its split from.
    static func root(seed: UInt64, tree: Int) -> UInt64 { mixed(mixed(seed) &+ UInt64(tree)) }

    @inline(__always)
    static func child(of node: UInt64, isRight: Bool) -> UInt64 { mixed(node &+ (isRight ? 2 : 1)) }

    /// The input that a node divides: each is as likely.
    @inline(__always)
    static func input(of node: UInt64, count: Int) -> Int {
        Int(truncatingIfNeeded: (node >> 32 &* UInt64(count)) >> 32)
    }

    /// Where the middle of a tree's work range lies in an input's range: from 0 to `HalfSpacePlace.one`.
    @inline(__always)
    static func middle(root: UInt64, input: Int) -> Int32 {
        Int32(truncatingIfNeeded: (mixed(~root &+ UInt64(input)) >> 32 &* UInt64(HalfSpacePlace.one)) >> 32)
    }
}
