import Events

/// What events were, by their ids: labels that are known beforehand.
///
/// Memory: about 20 bytes a label.
public struct LabelTable {
    public static let labelsMax = 20_000_000

    private var labels: [UInt64: Bool] = [:]
    /// Labels of an id that had another one already; the first counts.
    public private(set) var contradictionCount = 0
    public private(set) var repeatCount = 0

    public var count: Int { labels.count }

    public init() {}

    /// - Returns: false where there is no room for one more.
    public mutating func add(id: some Sequence<UInt8>, isPositive: Bool) -> Bool {
        let key = Self.hash(id)
        if let known = labels[key] {
            repeatCount += 1
            if known != isPositive { contradictionCount += 1 }
            return true
        }
        if labels.count >= Self.labelsMax { return false }
        labels[key] = isPositive
        return true
    }

    func isPositive(id: some Sequence<UInt8>) -> Bool? { labels[Self.hash(id)] }

    /// FNV-1a, with its bits mixed: of 20,000,000 ids two are taken for one with a chance of 1 in 100,000.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
