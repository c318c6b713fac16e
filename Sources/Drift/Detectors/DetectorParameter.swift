/// A parameter of a detector.
public struct DetectorParameter: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case number(ClosedRange<Double>)
        case count(ClosedRange<Int>)
        /// A count, or `none`.
        case optionalCount(ClosedRange<Int>)
        case flag
        case choice([String])
    }

    public let name: String
    public let kind: Kind
    /// As it would be written.
    public let defaultValue: String
    /// One sentence.
    public let summary: String

    init(_ name: String, _ kind: Kind, default defaultValue: String, _ summary: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }

    /// What may be written.
    public var range: String {
        switch kind {
        case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .count(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .optionalCount(let range): "none, or \(range.lowerBound) to \(range.upperBound)"
        case .flag: "true or false"
        case .choice(let names): names.joined(separator: ", ")
        }
    }

    /// As a number: a flag is 0 or 1, a choice its place, no count -1. `nil`: it may not be written.
    func read(_ text: String) -> Double? {
        switch kind {
        case .number(let range): return Double(text).flatMap { range.contains($0) ? $0 : nil }
        case .count(let range): return Int(text).flatMap { range.contains($0) ? Double($0) : nil }
        case .optionalCount(let range):
            return text == "none" ? -1 : Int(text).flatMap { range.contains($0) ? Double($0) : nil }
        case .flag: return text == "true" ? 1 : text == "false" ? 0 : nil
        case .choice(let names): return names.firstIndex(of: text).map { Double($0) }
        }
    }
}

/// The parameters of one detector, all of them, each in its range.
public struct DetectorArguments: Hashable, Sendable {
    /// The detector's name.
    public let detector: String
    private let known: [DetectorParameter]
    /// In the order of the detector's parameters.
    let values: [Double]

    /// - Throws: for a name that the detector does not have or that is given twice, and a value out of its range.
    public init(
        _ given: [(name: String, value: String)], of detector: String, known: [DetectorParameter]
    ) throws(DetectorRefusal) {
        self.detector = detector
        self.known = known
        for (place, (name, _)) in given.enumerated() {
            if !known.contains(where: { $0.name == name }) {
                let names = known.map { $0.name }.joined(separator: ", ")
                throw DetectorRefusal("\(detector) has no parameter \"\(name)\"; it has \(names)")
            }
            if given[..<place].contains(where: { $0.name == name }) {
                throw DetectorRefusal("\(detector): \(name) is given twice")
            }
        }
        var values: [Double] = []
        for parameter in known {
            let text = given.first { $0.name == parameter.name }?.value ?? parameter.defaultValue
            guard let value = parameter.read(text) else {
                throw DetectorRefusal("\(detector): \(parameter.name) is \"\(text)\", but may be \(parameter.range)")
            }
            values.append(value)
        }
        self.values = values
    }

    func number(_ name: String) -> Double {
        guard let place = known.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("\(detector) has no parameter \(name)")
        }
        return values[place]
    }

    func count(_ name: String) -> Int { Int(number(name)) }

    func flag(_ name: String) -> Bool { number(name) != 0 }
}
