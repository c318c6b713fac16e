/// The versions of models that scores name, by number.
struct VersionTable: Sendable {
    private(set) var names: [String] = []
    private var last: (bytes: [UInt8], number: Int)?
    /// Scores of more versions count as of the last one.
    static let versionsMax = 256

    init(names: [String] = []) { self.names = Array(names.prefix(Self.versionsMax)) }

    /// The name that most of the numbers are of; of equal ones the first by name, since numbers depend on what came first.
    func most(of numbers: [Int]) -> String? {
        var counts: [String: Int] = [:]
        for number in numbers where names.indices.contains(number) { counts[names[number], default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    mutating func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if let last, last.bytes.count == bytes.count, last.bytes.elementsEqual(bytes) { return last.number }
        let name = String(decoding: bytes, as: UTF8.self)
        let number: Int
        if let known = names.firstIndex(of: name) {
            number = known
        } else if names.count < Self.versionsMax {
            names.append(name)
            number = names.count - 1
        } else {
            number = names.count - 1
        }
        last = (Array(bytes), number)
        return number
    }
}
