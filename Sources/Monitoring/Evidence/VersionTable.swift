/// The versions of models that scores name, by number.
struct VersionTable: Sendable {
    private(set) var names: [String] = []
    private var last: (bytes: [UInt8], number: Int)?
    /// Scores of more versions count as of the last one.
    static let versionsMax = 256

    init(names: [String] = []) { self.names = Array(names.prefix(Self.versionsMax)) }

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
