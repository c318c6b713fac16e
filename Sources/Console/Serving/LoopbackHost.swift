/// Whether a Host header names this machine as a loopback address does.
enum LoopbackHost {
    static func isOwn(_ authority: String?) -> Bool {
        guard let authority, !authority.isEmpty else { return false }
        // With or without a port.
        if let address = ListenAddress(authority) { return address.isLoopback }
        let bare =
            authority.hasPrefix("[") && authority.hasSuffix("]") ? String(authority.dropFirst().dropLast()) : authority
        return ListenAddress(host: bare, port: 0).isLoopback
    }
}
