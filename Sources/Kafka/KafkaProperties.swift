import CRdkafka
import Diagnostics

/// One thing wrong with one property. Problems are gathered, never thrown one at a time.
public struct KafkaPropertyProblem: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case unknown
        /// The name is known, the value is not accepted.
        case value
        /// Riffle sets it itself, because a promise hangs on it.
        case owned
        /// Each property is accepted, but not all of them together.
        case combination
    }

    public let kind: Kind
    /// Empty for a combination that librdkafka does not pin to one property.
    public let property: String
    /// librdkafka's words or Riffle's reason; secrets are masked.
    public let message: String
    /// How to mend it: `did you mean "linger.ms"?`.
    public let suggestion: String?
}

/// What a user sets under `kafka.properties`: names and values as librdkafka spells them.
///
/// Whatever prints it masks secrets. The values themselves leave only towards librdkafka.
public struct KafkaProperties: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let values: [String: String]

    public init(_ values: [String: String] = [:]) { self.values = values }

    public var isEmpty: Bool { values.isEmpty }

    /// These properties, with `defaults` for those that the user has not set.
    public func withDefaults(_ defaults: [String: String]) -> KafkaProperties {
        KafkaProperties(values.merging(defaults) { own, _ in own })
    }
    public var names: [String] { values.keys.sorted() }

    /// `name=value` pairs sorted by name, secrets masked.
    public var description: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.shown($0.value, of: $0.key))" }.joined(separator: " ")
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror {
        let shown = values.sorted { $0.key < $1.key }.map { ($0.key, Self.shown($0.value, of: $0.key)) }
        return Mirror(self, children: shown.map { (label: $0.0, value: $0.1 as Any) }, displayStyle: .dictionary)
    }

    /// Whether a property's value is kept out of every log, print and description.
    public static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretMarks.contains { name.contains($0) }
    }

    /// The value as it may be shown: a mask for secrets.
    public static func shown(_ value: String, of name: String) -> String { isSecret(name) ? mask : value }

    static let mask = "********"
    /// Parts of names: wider than today's list, so that a secret of a newer librdkafka is masked too.
    private static let secretMarks = [
        "password", "passphrase", "secret", "private", "credential", ".pem", "oauthbearer.config", "sasl.username",
        "token.value", "assertion.claim", "ssl.key",
    ]

    /// Everything wrong with the properties, sorted by name, by librdkafka's own answer and Riffle's promises.
    ///
    /// Clients are tried without a broker address, so nothing is sent; files that TLS properties name are read.
    /// It starts and ends threads: call it once, while a pipeline is checked.
    public func check() -> [KafkaPropertyProblem] {
        let trial = ConfigurationHandle()
        var problems: [KafkaPropertyProblem] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if let reason = Self.ownedReason(of: name, value: value) {
                problems.append(KafkaPropertyProblem(kind: .owned, property: name, message: reason, suggestion: nil))
                continue
            }
            guard let (error, message) = trial.set(name, value) else { continue }
            let isUnknown = error == RD_KAFKA_CONF_UNKNOWN
            let known = KafkaPropertyCatalogue.current.names.filter { Self.ownedReason(of: $0, value: "") == nil }
            problems.append(
                KafkaPropertyProblem(
                    kind: isUnknown ? .unknown : .value, property: name,
                    message: Self.masked(message, value: value, of: name),
                    suggestion: isUnknown ? Suggestion.text(for: name, among: known) : nil))
        }
        guard problems.isEmpty, !values.isEmpty else { return problems }
        for role in [KafkaClientRole.consumer(group: "check", prefetch: KafkaPrefetch()), .producer] {
            do throws(KafkaFailure) {
                let configuration = try makeConfiguration(brokers: "", role: role)
                _ = try Client(configuration, role.type, callbacks: ClientCallbacks(onLog: { _ in }))
            } catch {
                // Both clients usually say the same; once is enough.
                if problems.contains(where: { $0.message == error.message }) { continue }
                problems.append(
                    KafkaPropertyProblem(kind: .combination, property: "", message: error.message, suggestion: nil))
            }
        }
        return problems
    }

    /// librdkafka quotes values in its messages; a secret must not travel that way.
    private static func masked(_ message: String, value: String, of name: String) -> String {
        guard isSecret(name), !value.isEmpty else { return message }
        return message.split(separator: value, omittingEmptySubsequences: false).joined(separator: mask)
    }

    /// The configuration of a client: Riffle's defaults, then the user's properties that are for this kind of client,
    /// then what Riffle owns.
    func makeConfiguration(brokers: String, role: KafkaClientRole) throws(KafkaFailure) -> ConfigurationHandle {
        let configuration = ConfigurationHandle()
        let catalogue = KafkaPropertyCatalogue.current
        for (name, value) in role.defaults where catalogue.scope(of: name) != nil {
            try Self.set(name, value, in: configuration)
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if let reason = Self.ownedReason(of: name, value: value) {
                throw .invalidArgument("property \"\(name)\" is set by Riffle: \(reason)")
            }
            guard role.takes(catalogue.scope(of: name) ?? .both) else { continue }
            try Self.set(name, value, in: configuration)
        }
        for (name, value) in role.owned { try Self.set(name, value, in: configuration) }
        if !brokers.isEmpty { try Self.set("bootstrap.servers", brokers, in: configuration) }
        return configuration
    }

    private static func set(
        _ name: String, _ value: String, in configuration: borrowing ConfigurationHandle
    ) throws(KafkaFailure) {
        guard let (_, message) = configuration.set(name, value) else { return }
        throw .invalidArgument(masked(message, value: value, of: name))
    }
}
