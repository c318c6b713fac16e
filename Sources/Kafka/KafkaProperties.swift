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
    private let hidden: Set<String>

    /// - Parameter hidden: names whose values are masked as well, whatever the names look like.
    public init(_ values: [String: String] = [:], hidden: Set<String> = []) {
        self.values = values
        self.hidden = hidden
    }

    public var isEmpty: Bool { values.isEmpty }

    /// These properties, with `defaults` for those that the user has not set.
    public func withDefaults(_ defaults: [String: String]) -> KafkaProperties {
        KafkaProperties(values.merging(defaults) { own, _ in own }, hidden: hidden)
    }
    public var names: [String] { values.keys.sorted() }

    /// A time that the user has set; `nil`: it is librdkafka's own, or no number (which `check` reports).
    public func milliseconds(of name: String) -> Int? { values[name].flatMap { Int($0) } }
    func value(of name: String) -> String? { values[name] }

    /// `name=value` pairs sorted by name, secrets masked.
    public var description: String {
        shownValues.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror {
        Mirror(self, children: shownValues.map { (label: $0.key, value: $0.value as Any) }, displayStyle: .dictionary)
    }
    private var shownValues: [(key: String, value: String)] {
        values.sorted { $0.key < $1.key }.map { ($0.key, hides($0.key) ? Self.mask : $0.value) }
    }
    private func hides(_ name: String) -> Bool { hidden.contains(name) || Self.isSecret(name) }

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
    ///
    /// - Parameter isTransactional: what is sent goes in transactions, whose time-out bounds others.
    public func check(isTransactional: Bool = false) -> [KafkaPropertyProblem] {
        let trial = ConfigurationHandle()
        var problems: [KafkaPropertyProblem] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if let reason = Self.ownedReason(of: name, value: value) {
                problems.append(KafkaPropertyProblem(kind: .owned, property: name, message: reason, suggestion: nil))
                continue
            }
            guard let (error, message) = trial.set(name, value) else {
                if let reason = limitReason(of: name, value: value, isTransactional: isTransactional) {
                    problems.append(
                        KafkaPropertyProblem(kind: .value, property: name, message: reason, suggestion: nil))
                }
                continue
            }
            let isUnknown = error == RD_KAFKA_CONF_UNKNOWN
            let known = KafkaPropertyCatalogue.current.names.filter { Self.ownedReason(of: $0, value: "") == nil }
            problems.append(
                KafkaPropertyProblem(
                    kind: isUnknown ? .unknown : .value, property: name,
                    message: masked(message, value: value, of: name),
                    suggestion: isUnknown ? Suggestion.text(for: name, among: known) : nil))
        }
        problems = (problems + securityProblems(trial)).sorted { $0.property < $1.property }
        guard problems.isEmpty, !values.isEmpty else { return problems }
        let sender = isTransactional ? KafkaClientRole.transactionalProducer(id: "check") : .producer
        for role in [.consumer(group: "check", prefetch: KafkaPrefetch()), sender] {
            do throws(KafkaFailure) {
                let configuration = try makeConfiguration(brokers: "", role: role)
                // Kerberos: a client runs `kinit` as soon as it is made, and a check has no business to.
                _ = configuration.set("sasl.kerberos.min.time.before.relogin", "0")
                _ = try Client(configuration, role.type, callbacks: ClientCallbacks(onLog: { _ in }))
            } catch {
                // Both clients usually say the same; once is enough.
                let message = masked(error.message)
                if problems.contains(where: { $0.message == message }) { continue }
                problems.append(
                    KafkaPropertyProblem(
                        kind: .combination, property: propertyNamed(in: message), message: message, suggestion: nil))
            }
        }
        return problems
    }

    /// librdkafka quotes values in its messages; a secret must not travel that way.
    private func masked(_ message: String, value: String, of name: String) -> String {
        guard hides(name), !value.isEmpty else { return message }
        return message.split(separator: value, omittingEmptySubsequences: false).joined(separator: Self.mask)
    }

    /// The same where any of the values may stand in the message. One or two characters are no secret, and would be
    /// found everywhere.
    private func masked(_ message: String) -> String {
        values.reduce(message) { $1.value.utf8.count > 2 ? masked($0, value: $1.value, of: $1.key) : $0 }
    }

    /// The configuration of a client: Riffle's defaults, then the user's properties that are for this kind of client,
    /// then what Riffle owns.
    func makeConfiguration(brokers: String, role: KafkaClientRole) throws(KafkaFailure) -> ConfigurationHandle {
        let configuration = ConfigurationHandle()
        let catalogue = KafkaPropertyCatalogue.current
        for (name, value) in role.defaults where catalogue.scope(of: name) != nil {
            try set(name, value, in: configuration)
        }
        if role.isTransactional {
            try set("socket.timeout.ms", String(transactionSocketMilliseconds), in: configuration)
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            if let reason = Self.ownedReason(of: name, value: value) {
                throw .invalidArgument("property \"\(name)\" is set by Riffle: \(reason)")
            }
            guard role.takes(catalogue.scope(of: name) ?? .both) else { continue }
            try set(name, value, in: configuration)
        }
        for (name, value) in role.owned { try set(name, value, in: configuration) }
        if !brokers.isEmpty { try set("bootstrap.servers", brokers, in: configuration) }
        return configuration
    }

    private func set(
        _ name: String, _ value: String, in configuration: borrowing ConfigurationHandle
    ) throws(KafkaFailure) {
        guard let (_, message) = configuration.set(name, value) else { return }
        throw .invalidArgument(masked(message, value: value, of: name))
    }
}
