public import Drift
import Foundation

/// One detector over one stream of numbers.
public struct DetectorRun: Sendable {
    private var named: NamedDetector
    private let isBinary: Bool

    /// - Throws: `DetectorRefusal` for a detector or parameter that is not known, or out of its range.
    public init(_ detector: String, parameters: [(name: String, value: String)] = []) throws {
        named = try NamedDetector(detector, parameters)
        isBinary = type(of: named.detector).isBinary
    }

    /// What the stream came to.
    public struct Summary: Hashable, Sendable, Encodable {
        public var detector: String
        public var values = 0
        public var missing = 0
        /// Positions among the numbers, counted from 0: the value with which the alarm was raised.
        public var alarms: [Int] = []
        public var warnings: [Int] = []
        /// What alarms say, of a detector that says more than where.
        public var changes: [SequentialRun.Change]?

        /// One JSON object.
        public var json: String {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            let bytes = (try? encoder.encode(self)) ?? Data()
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Takes all numbers of a reader.
    ///
    /// - Parameters:
    ///   - keeps: whether positions are kept in the summary, rather than told only.
    ///   - onAlarm: called with each alarm's position as it is raised.
    /// - Throws: what the reader throws, and `NumberFailure` where a detector of zeros and ones gets another number.
    public mutating func run(
        _ reader: NumberReader, keeps: Bool = true, onAlarm: (Int) -> Void = { _ in }
    ) throws -> Summary {
        var summary = Summary(detector: named.name)
        while let value = try reader.next() {
            if isBinary && value != 0 && value != 1 {
                throw NumberFailure("\(reader.position): \(value), where \(named.name) takes 0 and 1")
            }
            let isAlarmed = named.update(value)
            if isAlarmed {
                onAlarm(summary.values)
                if keeps { summary.alarms.append(summary.values) }
            }
            if keeps && named.detector.isWarning { summary.warnings.append(summary.values) }
            summary.values += 1
        }
        summary.missing = reader.missingCount
        return summary
    }

    /// The detectors and their parameters, for a command's help.
    public static func list(_ catalogue: DetectorCatalogue = .standard) -> String {
        var lines: [String] = []
        for detector in catalogue.detectors {
            lines.append("\(detector.name.padding(to: 14))\(detector.summary)\(detector.isBinary ? "; 0 and 1" : "")")
            for parameter in detector.parameters {
                lines.append(
                    "  \(parameter.name)=\(parameter.defaultValue): \(parameter.summary) (\(parameter.range))")
            }
        }
        return lines.joined(separator: "\n")
    }
}
