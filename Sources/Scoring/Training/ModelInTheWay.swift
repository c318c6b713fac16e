import Configuration
import Crypto
import Foundation

/// A file where a new model is to stand: what is lost with it may have taken long to make, and may be scoring now.
enum ModelInTheWay {
    /// - Throws: a usage failure where a file with something in it stands at `path`; devices and pipes hold nothing.
    static func refuse(_ path: String) throws(ReplayFailure) {
        var status = stat()
        guard path != ReplayOptions.standardStream, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size > 0
        else { return }
        throw ReplayFailure(
            .usage,
            "\(path) is there\(version(path)): --replace puts the new model in its place, and pipelines that run with "
                + "this file score with it within seconds")
    }

    /// `, version sha256:0123456789abcdef`, as scores name it.
    private static func version(_ path: String) -> String {
        guard let bytes = try? ModelBinding.read(path) else { return "" }
        return ", version sha256:" + SHA256.hash(data: bytes).prefix(8).map { String(format: "%02x", $0) }.joined()
    }
}
