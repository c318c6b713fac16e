import Glibc

/// A connection to 127.0.0.1 that sends what it is told, sound or not.
final class SocketClient {
    private let descriptor: Int32
    private var received: [UInt8] = []

    /// A response: its status, fields in lower case, and as much of its body as its length says.
    struct Answer {
        var status = 0
        var fields: [String: String] = [:]
        var body = ""
    }

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(result == 0, "connect to \(port): \(errno)")
        // A test that waits for what never comes fails here and not by the time limit of all tests.
        var wait = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// - Returns: `false`: the other side has closed, or nothing came for long.
    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { received += buffer[..<count] }
        return count > 0
    }

    /// Whether the other side closes before it sends anything more.
    var isClosed: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0 || errno == ECONNRESET
    }

    /// Everything up to a text, which is taken too; `nil`: the connection ended before.
    func read(upTo end: String) -> String? {
        let end = Array(end.utf8)
        while true {
            for start in received.indices.dropLast(end.count - 1) where received[start] == end[0] {
                guard Array(received[start..<start + end.count]) == end else { continue }
                defer { received.removeFirst(start + end.count) }
                return String(decoding: received[..<(start + end.count)], as: UTF8.self)
            }
            if !receive() { return nil }
        }
    }

    /// The head of the next response.
    func readHead() -> Answer? {
        guard let head = read(upTo: "\r\n\r\n") else { return nil }
        var answer = Answer()
        let lines = head.split(separator: "\r\n")
        answer.status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            answer.fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return answer
    }

    func readAnswer() -> Answer? {
        guard var answer = readHead() else { return nil }
        let length = answer.fields["content-length"].flatMap { Int($0) } ?? 0
        while received.count < length { if !receive() { return nil } }
        answer.body = String(decoding: received[..<length], as: UTF8.self)
        received.removeFirst(length)
        return answer
    }

    func ask(
        _ method: String, _ path: String, body: String? = nil, fields: [(String, String)] = []
    ) -> Answer? {
        var fields = fields
        if !fields.contains(where: { $0.0 == "Host" }) { fields.append(("Host", "127.0.0.1")) }
        if let body { fields.append(("Content-Length", "\(body.utf8.count)")) }
        send("\(method) \(path) HTTP/1.1\r\n" + fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n" + (body ?? ""))
        return readAnswer()
    }
}
