#if canImport(Glibc)
    import Glibc
#endif

extension EmbeddedCluster {
    /// Lets the cluster's brokers answer without delay.
    ///
    /// librdkafka's mock leaves Nagle's algorithm on: of two answers in a row the second waits for the client's delayed
    /// acknowledgement, 40 ms on Linux, which would be most of a small transaction's time. There is no setting for it;
    /// but connections inherit the option from the socket that they are accepted on, and that one is found by its port.
    ///
    /// - Returns: at how many brokers that succeeded; elsewhere the cluster is slower, no more.
    @discardableResult
    func disableAnswerDelay() -> Int {
        let addresses = bootstrapServers.split(separator: ",")
        let ports = Set(addresses.compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } })
        return Self.openDescriptors().count { descriptor in
            guard let port = Self.listeningPort(of: descriptor), ports.contains(port) else { return false }
            var on: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            return setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size) == 0
        }
    }

    private static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let descriptor = Int32(name) { descriptors.append(descriptor) }
        }
        return descriptors
    }

    /// `nil` where it is no socket, or does not listen.
    private static func listeningPort(of descriptor: Int32) -> UInt16? {
        var listens: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0, listens != 0 else { return nil }
        var address = sockaddr_in()
        size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let answer = withUnsafeMutableBytes(of: &address) {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard answer == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return UInt16(bigEndian: address.sin_port)
    }
}
