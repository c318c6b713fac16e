import Glibc

/// A text file that readers see whole or not at all: written beside its place, then renamed.
///
/// It can be read by everyone (mode 0644): it is for another program, such as node_exporter's textfile collector, and
/// holds counts, names of topics and codes, never values of events.
public struct MetricsFile: Sendable {
    public let path: String
    private let temporaryPath: String
    private static let mode: mode_t = 0o644

    /// node_exporter reads files that end in `.prom`; the one beside it must not.
    public init(path: String) {
        self.path = path
        temporaryPath = "\(path).\(getpid()).tmp"
    }

    /// Puts the text in the file's place.
    ///
    /// - Throws: `MetricsFileFailure`; the file stays as it was.
    public func write(_ text: String) throws(MetricsFileFailure) {
        // What a process of the same number left behind is nobody's.
        unlink(temporaryPath)
        let file = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, Self.mode)
        guard file >= 0 else { throw failure("cannot be written") }
        do throws(MetricsFileFailure) {
            defer { close(file) }
            // Whatever the umask: it is to be read by another user.
            guard fchmod(file, Self.mode) == 0 else { throw failure("cannot be made readable") }
            try write(text, to: file)
        } catch {
            unlink(temporaryPath)
            throw error
        }
        guard rename(temporaryPath, path) == 0 else {
            let failure = failure("cannot be put in its place")
            unlink(temporaryPath)
            throw failure
        }
    }

    private func write(_ text: String, to file: Int32) throws(MetricsFileFailure) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot be written")
            }
            written += count
        }
    }

    private func failure(_ what: String) -> MetricsFileFailure {
        MetricsFileFailure(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}

/// A metrics file that cannot be written.
public struct MetricsFileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "metrics file \"\(path)\" \(reason)" }
}
