import Foundation
import Engine

/// Where a replay's rows end up: standard output, a device or a pipe, or else a file that appears whole or not at all.
public struct ReplayTarget: Sendable {
    let name: String
    let descriptor: Int32
    /// Where the file is to stand; `nil` for what is written as it comes.
    private let path: String?
    private let temporaryPath: String?

    private static let attemptsMax = 100
    private static let newFileMode: mode_t = 0o666

    /// Opens what is to be written; of a file, one under a temporary name beside it.
    init(path: String) throws(ReplayFailure) {
        if path == ReplayOptions.standardStream {
            name = "standard output"
            descriptor = dup(STDOUT_FILENO)
            (self.path, temporaryPath) = (nil, nil)
            if descriptor < 0 { throw .system(name, "cannot be written") }
            return
        }
        name = path
        var status = stat()
        let isThere = stat(path, &status) == 0
        if isThere && status.st_mode & S_IFMT != S_IFREG {
            // A device or a pipe: to put a file in its place would be a disaster.
            (self.path, temporaryPath) = (nil, nil)
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
            if descriptor < 0 { throw .system(path, "cannot be written") }
            return
        }
        let place = isThere ? Self.resolved(path) : path
        let opened = try Self.openBeside(place, name: path)
        // What replaces a file may be read by whom that could be.
        if isThere { fchmod(opened.descriptor, status.st_mode & 0o777) }
        self.path = place
        temporaryPath = opened.path
        descriptor = opened.descriptor
    }

    /// Where a symbolic link leads: the link stays, what it names is replaced.
    private static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    private static func openBeside(
        _ path: String, name: String
    ) throws(ReplayFailure) -> (path: String, descriptor: Int32) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        for attempt in 0..<attemptsMax {
            let candidate = "\(folder).riffle-replay-\(getpid())-\(attempt).tmp"
            let descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, newFileMode)
            if descriptor >= 0 { return (candidate, descriptor) }
            if errno != EEXIST { throw .system(name, "cannot be written") }
        }
        throw .system(name, "cannot be written", code: EEXIST)
    }

    /// Puts the finished file in its place.
    func commit() throws(ReplayFailure) {
        guard let path, let temporaryPath else { return }
        if rename(temporaryPath, path) != 0 { throw .system(name, "cannot be put in its place") }
    }

    /// Leaves nothing behind of a replay that failed or was interrupted; from any thread, and more than once.
    public func discard() {
        if let temporaryPath { unlink(temporaryPath) }
    }

    /// Whether both names mean one file on disk, so that writing one would destroy the other.
    static func isSameFile(_ left: String, _ right: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(left, &first) == 0, stat(right, &second) == 0, first.st_mode & S_IFMT == S_IFREG else {
            return false
        }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
