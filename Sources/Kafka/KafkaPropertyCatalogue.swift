import CRdkafka

#if canImport(Glibc)
    import Glibc
#endif

/// Which clients a property is for.
public enum KafkaPropertyScope: Hashable, Sendable {
    case consumer
    case producer
    case both
}

/// The properties that the librdkafka at hand knows, as it prints them itself.
public struct KafkaPropertyCatalogue: Sendable {
    /// Read once, from librdkafka.
    public static let current = KafkaPropertyCatalogue()

    /// In librdkafka's order; aliases included, callbacks and other pointers left out.
    public let names: [String]
    private let scopes: [String: KafkaPropertyScope]

    /// `nil` for a name that librdkafka does not document. It may accept it nevertheless: ask it.
    public func scope(of name: String) -> KafkaPropertyScope? { scopes[name] }

    private init() {
        var names: [String] = []
        var scopes: [String: KafkaPropertyScope] = [:]
        for line in Self.propertyTable().split(separator: "\n") {
            let cells = line.split(separator: "|", maxSplits: 2).map { $0.trimmed() }
            guard cells.count == 3, !cells[0].isEmpty, !line.contains("see dedicated API") else { continue }
            let scope: KafkaPropertyScope
            switch cells[1] {
            case "C": scope = .consumer
            case "P": scope = .producer
            case "*": scope = .both
            default: continue
            }
            let name = String(cells[0])
            // A property that is global and per topic stands twice: it is for whoever either row names.
            if let known = scopes[name] {
                scopes[name] = known == scope ? known : .both
            } else {
                names.append(name)
                scopes[name] = scope
            }
        }
        // The table is text for people: where its form changes, the names with a value still come from the dump.
        for name in Self.dumpedNames() where scopes[name] == nil && !name.hasSuffix("_cb") {
            names.append(name)
            scopes[name] = .both
        }
        self.names = names
        self.scopes = scopes
    }

    private static func propertyTable() -> String {
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let stream = open_memstream(&text, &size) else { return "" }
        rd_kafka_conf_properties_show(stream)
        fclose(stream)
        defer { free(text) }
        return text.map { String(cString: $0) } ?? ""
    }

    private static func dumpedNames() -> [String] {
        let configuration = ConfigurationHandle()
        let topic = rd_kafka_topic_conf_new()
        defer { rd_kafka_topic_conf_destroy(topic) }
        return configuration.withPointer { pointer in
            var count = 0
            let globals = names(of: rd_kafka_conf_dump(pointer, &count), count: count)
            let topics = names(of: rd_kafka_topic_conf_dump(topic, &count), count: count)
            return globals + topics
        }
    }

    /// Every other string of a dump is a name.
    private static func names(of dump: UnsafeMutablePointer<UnsafePointer<CChar>?>?, count: Int) -> [String] {
        guard let dump else { return [] }
        defer { rd_kafka_conf_dump_free(dump, count) }
        return stride(from: 0, to: count, by: 2).compactMap { dump[$0].map { String(cString: $0) } }
    }
}

extension Substring {
    fileprivate func trimmed() -> Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
