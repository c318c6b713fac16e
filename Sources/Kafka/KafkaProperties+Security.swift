import CRdkafka

#if canImport(Glibc)
    import Glibc
#endif

/// What librdkafka accepts when it is configured, or answers in its own words, and what could never connect.
extension KafkaProperties {
    /// - Parameter trial: holds these properties, as far as librdkafka has taken them.
    func securityProblems(_ trial: borrowing ConfigurationHandle) -> [KafkaPropertyProblem] {
        tokenProblems(trial) + fileProblems(trial)
    }

    /// Tokens come from a callback, which Riffle sets none of, unless librdkafka makes or fetches them itself.
    private func tokenProblems(_ trial: borrowing ConfigurationHandle) -> [KafkaPropertyProblem] {
        guard let name = ["sasl.mechanisms", "sasl.mechanism"].first(where: { value(of: $0) != nil }),
            value(of: name)?.uppercased() == "OAUTHBEARER",
            // One that is built without OIDC says so of the method itself.
            value(of: "sasl.oauthbearer.method")?.lowercased() != "oidc",
            trial.value(of: "enable.sasl.oauthbearer.unsecure.jwt") != "true"
        else { return [] }
        return [
            KafkaPropertyProblem(
                kind: .combination, property: name,
                message: "OAUTHBEARER has nowhere to get a token from, so that no broker would let Riffle in",
                suggestion: "set \"sasl.oauthbearer.method: oidc\" with \"sasl.oauthbearer.token.endpoint.url\", "
                    + "\"sasl.oauthbearer.client.id\" and \"sasl.oauthbearer.client.secret\"")
        ]
    }

    /// librdkafka names neither the property first nor the reason in words.
    private func fileProblems(_ trial: borrowing ConfigurationHandle) -> [KafkaPropertyProblem] {
        guard trial.value(of: "security.protocol")?.hasSuffix("ssl") == true else { return [] }
        return Self.fileNames.compactMap { name in
            // "probe" looks for the system's certificates.
            guard let path = value(of: name), !path.isEmpty, path != "probe", access(path, R_OK) != 0 else {
                return nil
            }
            let reason = String(cString: strerror(errno))
            return KafkaPropertyProblem(
                kind: .value, property: name, message: "the file cannot be read: \(reason)", suggestion: nil)
        }
    }

    /// Those that are read for TLS.
    private static let fileNames = [
        "ssl.ca.location", "ssl.certificate.location", "ssl.crl.location", "ssl.key.location", "ssl.keystore.location",
    ]

    /// The property that librdkafka's refusal of a client begins with; empty: it names none that is set.
    func propertyNamed(in message: String) -> String {
        names.first { message.hasPrefix("\($0) ") } ?? ""
    }
}
