import Diagnostics

extension PipelineReader {
    func readKafka(pipeline: String) -> KafkaSpec {
        let kafka = section("kafka")
        let brokers = readBrokers(kafka)
        let delivery = kafka.text("delivery")
        if let delivery, delivery.value == KafkaSpec.Delivery.exactlyOnce.rawValue {
            checkExactlyOnce(delivery, brokers)
        }
        let properties = (kafka.map("properties") ?? []).compactMap { entry -> PropertySpec? in
            guard case .text(let value)? = entry.value else { return nil }
            return PropertySpec(name: entry.name, value: value)
        }
        var start = KafkaSpec.Start.earliest
        if kafka.text("start")?.value == "latest" { start = .latest }
        if let span = kafka.span("start") { start = .back(span.value) }
        return KafkaSpec(
            brokers: brokers, group: kafka.text("group")?.value ?? pipeline,
            delivery: delivery.flatMap { .init(rawValue: $0.value) } ?? .atLeastOnce,
            instance: kafka.text("instance")?.value,
            commitEveryMicroseconds: kafka.microsecondsOrStandard("commit_every"), start: start,
            startRange: kafka.span("start")?.range,
            properties: properties,
            propertiesFile: kafka.text("properties_file").map { .init(written: $0, path: resolved($0.value)) })
    }

    private func checkExactlyOnce(_ delivery: Located<String>, _ brokers: Located<KafkaSpec.Brokers>) {
        guard brokers.value == .embedded else { return }
        problems.error(
            "exactly-once-embedded",
            "the embedded cluster keeps no transactions, so that exactly-once would be a promise without cover",
            at: delivery.range, suggestion: "write at-least-once, or name real brokers",
            notes: [.init("the embedded cluster is chosen here", at: brokers.range)])
    }

    private func readBrokers(_ kafka: SectionValue) -> Located<KafkaSpec.Brokers> {
        guard let text = kafka.text("brokers") else { return absent(kafka).map { .addresses($0) } }
        if text.value == "embedded" { return text.map { _ in .embedded } }
        var offset = 0
        for part in text.value.split(separator: ",", omittingEmptySubsequences: false) {
            let address = String(part).trimmingBlanks
            let start = offset + (part.count - part.drop { $0 == " " }.count)
            offset += part.unicodeScalars.count + 1
            guard !Self.isBroker(address) else { continue }
            let isMisspelt = Suggestion.nearest(to: address, among: ["embedded"]) != nil && !text.isFromEnvironment
            let range = text.range(ofScalarsAt: start, length: address.unicodeScalars.count)
            problems.error(
                "invalid-broker", "\((text.isFromEnvironment ? text.written : address).quoted) is not a broker",
                at: text.isFromEnvironment ? text.range : range,
                suggestion: isMisspelt ? "did you mean \("embedded".quoted)?" : "write HOST:PORT, several with commas")
        }
        return text.map { .addresses($0) }
    }

    /// `HOST:PORT`, with a protocol in front or not, as librdkafka takes it.
    private static func isBroker(_ address: String) -> Bool {
        var rest = address[...]
        if let scheme = address.firstRange(of: "://") { rest = address[scheme.upperBound...] }
        guard let colon = rest.lastIndex(of: ":") else { return false }
        let host = rest[..<colon]
        let port = rest[rest.index(after: colon)...]
        let isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
        guard !host.isEmpty, isIPv6 || !host.contains(":"), port.allSatisfy(\.isNumber), let number = Int(port) else {
            return false
        }
        let blanks = host.unicodeScalars.contains { $0.value <= 0x20 || $0 == "/" || $0 == "@" }
        return !blanks && (1...65_535).contains(number)
    }
}
