/// A detector of change in a stream of numbers, told one at a time.
///
/// The detectors here are River's (0.26), alarm for alarm, with River's names for parameters. None has a stated rate of
/// false alarms on skewed or tied scores: `riffle` offers them by name and decides nothing by them.
///
/// After an alarm a detector begins anew with the next value.
public protocol StreamDetector: Sendable {
    /// What users call it: `adwin`.
    static var name: String { get }
    /// One sentence: what it looks for.
    static var summary: String { get }
    /// Its parameters, by River's names.
    static var parameters: [DetectorParameter] { get }
    /// Whether values are 0 and 1, such as right and wrong; what is not 0 then counts as 1.
    static var isBinary: Bool { get }

    /// - Throws: where parameters that are each in range do not fit together.
    init(_ arguments: DetectorArguments) throws(DetectorRefusal)

    /// Takes the next value, and says whether it raises the alarm. A value that is not finite is passed over.
    ///
    /// Complexity: see each detector; it allocates at most while its memory grows, and after an alarm.
    mutating func update(_ value: Double) -> Bool

    /// Whether the last value raised a warning without an alarm; detectors without warnings say no.
    var isWarning: Bool { get }

    /// Writes everything that the next value's answer depends on, but for the parameters.
    func write(to state: inout DetectorStateWriter)

    /// Takes over what `write` wrote for a detector of the same parameters. Bytes are not trusted: what no detector could
    /// have written is refused, and the detector is then not to be used.
    mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal)
}

extension StreamDetector {
    public static var isBinary: Bool { false }
    public var isWarning: Bool { false }
}

/// Why a detector cannot be made, or cannot go on from a state.
public struct DetectorRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// The detectors that can be asked for by name.
public struct DetectorCatalogue: Sendable {
    public let detectors: [any StreamDetector.Type]

    public init(_ detectors: [any StreamDetector.Type]) {
        self.detectors = detectors
    }

    public static let standard = DetectorCatalogue([
        ADWIN.self, PageHinkley.self, KSWIN.self, DDM.self, EDDM.self, HDDMA.self, HDDMW.self, FHDDM.self,
    ])

    /// A detector by its name and its parameters as texts; what is not given has its default.
    ///
    /// - Throws: with what exists where a name is not known, and with the range where a value is not in it.
    public func make(
        _ name: String, _ parameters: [(name: String, value: String)] = []
    ) throws(DetectorRefusal) -> any StreamDetector {
        guard let type = detectors.first(where: { $0.name == name }) else {
            let names = detectors.map { $0.name }.joined(separator: ", ")
            throw DetectorRefusal("there is no detector \"\(name)\"; there are \(names)")
        }
        return try type.init(DetectorArguments(parameters, of: type.name, known: type.parameters))
    }
}
