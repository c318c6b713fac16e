/// Lines of `key=value` in a LightGBM file, with the values as places in it.
struct LightGBMLines {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next line without its end (`\n` or `\r\n`), or `nil` behind the last one.
    mutating func next() -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let start = position
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        position = min(bytes.count, end + 1)
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    func starts(_ line: Range<Int>, with prefix: StaticString) -> Bool {
        guard line.count >= prefix.utf8CodeUnitCount else { return false }
        return prefix.withUTF8Buffer { $0.elementsEqual(bytes[line.prefix(prefix.utf8CodeUnitCount)]) }
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}

/// What a section of a LightGBM file says, by key.
struct LightGBMFields {
    private let lines: LightGBMLines
    /// "tree 3", or `nil` for the file's header.
    let place: String?
    private var values: [String: Range<Int>] = [:]

    init(_ lines: LightGBMLines, place: String?) {
        self.lines = lines
        self.place = place
    }

    /// A line without `=` is a key with nothing to it.
    mutating func add(_ line: Range<Int>) throws(ModelFailure) {
        let equals = lines.bytes[line].firstIndex(of: UInt8(ascii: "=")) ?? line.upperBound
        guard equals - line.lowerBound <= 64 else { throw failure(.malformed, "a line that is no `key=value`") }
        let key = lines.text(line.lowerBound..<equals)
        let value = min(equals + 1, line.upperBound)..<line.upperBound
        guard values.updateValue(value, forKey: key) == nil else {
            throw failure(.malformed, "\"\(key)\" stands there twice")
        }
    }

    func has(_ key: String) -> Bool { values[key] != nil }

    func string(_ key: String) -> String? { values[key].map(lines.text) }

    func required(_ key: String) throws(ModelFailure) -> Range<Int> {
        guard let range = values[key] else { throw failure(.missingField, "no field \"\(key)\"") }
        return range
    }

    func integer(_ key: String) throws(ModelFailure) -> Int {
        let range = try required(key)
        guard let number = Int(lines.text(range)) else {
            throw failure(.badNumber, "\"\(key)\" is no integer")
        }
        return number
    }

    /// Words between spaces.
    func words(_ key: String) -> [String] {
        var result: [String] = []
        forEachWord(values[key] ?? 0..<0) { word in
            result.append(lines.text(word))
            return true
        }
        return result
    }

    func doubles(_ key: String, count: Int) throws(ModelFailure) -> [Double] {
        try numbers(key, count: count) { Double($0) }
    }

    func int32s(_ key: String, count: Int) throws(ModelFailure) -> [Int32] {
        try numbers(key, count: count) { Int32($0) }
    }

    func uint32s(_ key: String, count: Int) throws(ModelFailure) -> [UInt32] {
        try numbers(key, count: count) { UInt32($0) }
    }

    /// Training counts, where the file has them as numbers above 0.
    func counts(_ key: String, count: Int) -> [Double] {
        guard has(key), let numbers = try? doubles(key, count: count) else { return [] }
        return numbers.allSatisfy { $0 > 0 && $0.isFinite } ? numbers : []
    }

    /// Exactly `count` numbers; no more than the file has is ever allocated.
    private func numbers<Number>(
        _ key: String, count: Int, _ read: (String) -> Number?
    ) throws(ModelFailure) -> [Number] {
        var result: [Number] = []
        var bad: Int?
        let range = try required(key)
        forEachWord(range) { word in
            // A number takes at most some thirty characters; what is longer is none.
            guard word.count <= 512, let number = read(lines.text(word)) else {
                bad = result.count
                return false
            }
            result.append(number)
            return result.count <= count
        }
        if let bad { throw failure(.badNumber, "\"\(key)\": number \(bad) cannot be read") }
        guard result.count == count else {
            let found = result.count > count ? "more" : "\(result.count)"
            throw failure(.wrongLength, "\"\(key)\" has \(found) numbers, where \(count) are wanted")
        }
        return result
    }

    /// Until `body` says that it has enough.
    private func forEachWord(_ range: Range<Int>, _ body: (Range<Int>) -> Bool) {
        var at = range.lowerBound
        while at < range.upperBound {
            let start = at
            while at < range.upperBound, lines.bytes[at] != UInt8(ascii: " ") { at += 1 }
            if at > start, !body(start..<at) { return }
            at += 1
        }
    }

    func failure(_ code: ModelFailure.Code, _ message: String, suggestion: String? = nil) -> ModelFailure {
        ModelFailure(code, message, at: place, suggestion: suggestion)
    }
}
