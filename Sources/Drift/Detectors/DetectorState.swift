/// Writes a detector's state: numbers of eight bytes, the lowest byte first.
public struct DetectorStateWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    mutating func write(_ value: Double) { write(value.bitPattern) }
    mutating func write(_ value: Int) { write(UInt64(bitPattern: Int64(value))) }
    mutating func write(_ value: Bool) { write(value ? 1 : 0) }

    mutating func write(_ values: [Double]) {
        write(values.count)
        for value in values { write(value) }
    }

    mutating func write(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }
}

/// Reads what a `DetectorStateWriter` wrote. Bytes are not trusted: every number is held against its range.
public struct DetectorStateReader: Sendable {
    private let bytes: [UInt8]
    private var place = 0

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func word() throws(DetectorRefusal) -> UInt64 {
        guard bytes.count - place >= 8 else { throw DetectorRefusal("the state of a detector ends too early") }
        var value: UInt64 = 0
        for offset in 0..<8 { value |= UInt64(bytes[place + offset]) << UInt64(8 * offset) }
        place += 8
        return value
    }

    mutating func count(_ range: ClosedRange<Int>, _ what: String) throws(DetectorRefusal) -> Int {
        let value = Int(Int64(bitPattern: try word()))
        guard range.contains(value) else {
            throw DetectorRefusal("the state of a detector is damaged: \(what) is \(value), not \(range)")
        }
        return value
    }

    mutating func flag(_ what: String) throws(DetectorRefusal) -> Bool { try count(0...1, what) == 1 }

    mutating func finite(_ what: String) throws(DetectorRefusal) -> Double {
        let value = try number()
        guard value.isFinite else { throw DetectorRefusal("the state of a detector is damaged: \(what) is \(value)") }
        return value
    }

    /// Any number: sums of what is finite may have become infinite or NaN.
    mutating func number() throws(DetectorRefusal) -> Double { Double(bitPattern: try word()) }

    mutating func finiteList(countMax: Int, _ what: String) throws(DetectorRefusal) -> [Double] {
        let count = try count(0...countMax, "the count of \(what)")
        guard count <= (bytes.count - place) / 8 else {
            throw DetectorRefusal("the state of a detector ends too early")
        }
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try finite(what)) }
        return values
    }

    func finish() throws(DetectorRefusal) {
        if place != bytes.count {
            throw DetectorRefusal("the state of a detector has \(bytes.count - place) bytes too many")
        }
    }
}

/// A detector with the parameters it was made with, whose state can be kept in bytes.
public struct NamedDetector: Sendable {
    public private(set) var detector: any StreamDetector
    private let arguments: DetectorArguments
    private static let formatVersion: UInt64 = 1

    public init(
        _ name: String, _ parameters: [(name: String, value: String)] = [], in catalogue: DetectorCatalogue = .standard
    ) throws(DetectorRefusal) {
        detector = try catalogue.make(name, parameters)
        arguments = try DetectorArguments(parameters, of: name, known: type(of: detector).parameters)
    }

    public var name: String { arguments.detector }

    /// See `StreamDetector.update`.
    public mutating func update(_ value: Double) -> Bool { detector.update(value) }

    /// The state with its format's version, the detector's name and its parameters. Complexity: O(memory).
    public var state: [UInt8] {
        var writer = DetectorStateWriter()
        writer.write(Self.formatVersion)
        writer.write(Self.hash(arguments.detector))
        writer.write(arguments.values)
        detector.write(to: &writer)
        return writer.bytes
    }

    /// Goes on from a state. On an error the detector is as it was.
    ///
    /// - Throws: where it is of another format, detector or parameters, or damaged.
    public mutating func restore(_ state: [UInt8]) throws(DetectorRefusal) {
        var reader = DetectorStateReader(state)
        guard try reader.word() == Self.formatVersion else {
            throw DetectorRefusal("the state of a detector is of a format that this version does not read")
        }
        guard try reader.word() == Self.hash(arguments.detector) else {
            throw DetectorRefusal("the state is of another detector than \(arguments.detector)")
        }
        guard try reader.finiteList(countMax: 64, "parameters") == arguments.values else {
            throw DetectorRefusal("the state is of other parameters of \(arguments.detector)")
        }
        var restored = detector
        try restored.read(from: &reader)
        try reader.finish()
        detector = restored
    }

    /// FNV-1a: the name in eight bytes.
    private static func hash(_ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
