/// How a console is served.
public struct ConsoleSettings: Sendable {
    public let address: ListenAddress
    /// What requests have to bring; `nil`: nothing, which is only for loopback.
    public let token: BearerToken?
    public var limits = ConsoleLimits()

    /// The variable that holds the token.
    public static let tokenVariable = "RIFFLE_HTTP_TOKEN"

    /// - Parameter token: the text of `RIFFLE_HTTP_TOKEN`; `nil`: it is not set.
    /// - Throws: `ConsoleFailure` where others than this machine could ask without one.
    public init(address: ListenAddress, token: String?) throws(ConsoleFailure) {
        self.address = address
        guard let token, !token.isEmpty else {
            guard address.isLoopback else {
                throw ConsoleFailure(
                    "--http \(address) can be reached from other machines and needs a token: set \(Self.tokenVariable) to at "
                        + "least \(BearerToken.bytesMin) random characters, for example "
                        + "\(Self.tokenVariable)=$(openssl rand -hex 24), or listen on 127.0.0.1")
            }
            self.token = nil
            return
        }
        guard let sound = BearerToken(token) else {
            throw ConsoleFailure(
                "\(Self.tokenVariable) has to be at least \(BearerToken.bytesMin) characters of ASCII without blanks, for "
                    + "example of $(openssl rand -hex 24)")
        }
        self.token = sound
    }
}

/// A console that cannot begin: what, and what to do.
public struct ConsoleFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
