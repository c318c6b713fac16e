import Configuration
import Engine
import Events
import Features
import Foundation
import Kafka

/// Records as compact lines for people; whatever stands in them, nothing moves a terminal's cursor.
public struct TapText {
    private enum Colour: String {
        case red = "31"
        case yellow = "33"
        case green = "32"
        case dim = "2"
    }

    private let kind: TapKind
    private let usesColour: Bool
    /// By decision.
    private let colours: [String: Colour]

    public init(_ kind: TapKind, of assembly: PipelineAssembly, usesColour: Bool) {
        self.kind = kind
        self.usesColour = usesColour
        let decisions = assembly.scoring.rules.map(\.decision)
        // Rules stand from the gravest to what is left.
        colours = Dictionary(
            decisions.enumerated().map { ($1, $0 == decisions.count - 1 ? .green : $0 == 0 ? .red : .yellow) },
            uniquingKeysWith: { first, _ in first })
    }

    /// One line, without its end.
    public func line(_ record: TapRecord) -> String {
        if let letter = record.letter {
            return DeadLetterText.line(letter).replacing("\n", with: "")
        }
        let object = try? JSONSerialization.jsonObject(with: Data(record.json)) as? [String: Any]
        guard let object else {
            let text = record.json.isEmpty ? "no value" : String(decoding: record.json.prefix(200), as: UTF8.self)
            return painted("\(record.partition):\(record.record.offset)  ", .dim) + DeadLetterText.shown(text)
        }
        return kind == .alerts ? alert(object) : score(object, key: record.record.keyBytes)
    }

    private func score(_ object: [String: Any], key: UnsafeRawBufferPointer?) -> String {
        let decision = text(object["decision"])
        var parts = [
            painted(text(object["event_time"]) ?? "-", .dim), number(object["score"]),
            decision.map { painted($0, colours[$0] ?? .dim) } ?? "-", text(object["id"]) ?? "-",
        ]
        if let key { parts.append("key " + DeadLetterText.shown(String(decoding: key, as: UTF8.self))) }
        let reasons = (object["reasons"] as? [[String: Any]] ?? []).compactMap { reason -> String? in
            guard let name = text(reason["feature"]), let amount = reason["contribution"] as? Double else { return nil }
            return "\(name) \(amount < 0 ? "" : "+")\(String(format: "%.2f", amount))"
        }
        if !reasons.isEmpty { parts.append(painted(reasons.joined(separator: ", "), .dim)) }
        let features = object["features"] as? [String: Any] ?? [:]
        if !features.isEmpty {
            parts.append(
                features.sorted { $0.key < $1.key }.map { "\($0.key)=\(number($0.value))" }.joined(separator: " "))
        }
        return parts.joined(separator: "  ")
    }

    private func alert(_ object: [String: Any]) -> String {
        let state = text(object["state"]) ?? "-"
        let colour: Colour = state == "resolved" ? .green : text(object["severity"]) == "critical" ? .red : .yellow
        let time = text(object[state == "resolved" ? "endsAt" : "startsAt"]) ?? text(object["startsAt"]) ?? "-"
        return [
            painted(time, .dim), painted(state, colour), text(object["severity"]) ?? "-", text(object["series"]) ?? "-",
            text(object["summary"]) ?? "",
        ].joined(separator: "  ")
    }

    // MARK: - Parts

    private func text(_ value: Any?) -> String? { (value as? String).map(DeadLetterText.shown) }

    private func number(_ value: Any?) -> String {
        guard let number = value as? Double else { return "missing" }
        return CaseText.number(number)
    }

    private func painted(_ text: String, _ colour: Colour) -> String {
        usesColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}
