import Foundation
import Workers

/// A program that is measured from outside: started, watched and ended in order.
///
/// It is not Foundation's `Process`, which hands on the signal mask of the calling thread: a program that was started
/// from one of Dispatch's threads would never hear that it is to end.
final class MeasuredChild {
    private let name: String
    private let logURL: URL
    private let identifier: pid_t
    /// As `waitpid` gave it; `nil` while it runs.
    private var status: Int32?
    /// Never filled: waiting on it is a pause that needs no thread.
    private let pause = BoundedQueue<Bool>(capacity: 1)
    private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    private static let endMilliseconds = 60_000

    /// - Parameter command: the program's path and its arguments.
    init(_ command: [String]) throws {
        name = URL(fileURLWithPath: command[0]).lastPathComponent
        logURL = FileManager.default.temporaryDirectory.appendingPathComponent("riffle-bench-\(UUID().uuidString).log")
        let log = open(logURL.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw RunFailure("\(logURL.path) cannot be written") }
        defer { close(log) }
        do {
            identifier = try Self.spawn(command, output: log)
        } catch {
            unlink(logURL.path)
            throw error
        }
    }

    deinit {
        if isRunning {
            _ = Foundation.kill(identifier, SIGKILL)
            waitpid(identifier, nil, 0)
        }
        unlink(logURL.path)
    }

    private static func spawn(_ command: [String], output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var ended = sigset_t()
        sigemptyset(&ended)
        sigaddset(&ended, SIGTERM)
        sigaddset(&ended, SIGINT)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &ended)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var identifier: pid_t = 0
        let error = posix_spawn(&identifier, command[0], &actions, &attributes, &arguments, environ)
        guard error == 0 else {
            throw RunFailure("\(command[0]) cannot be started: \(String(cString: strerror(error)).lowercased())")
        }
        return identifier
    }

    var log: String { (try? String(contentsOf: logURL, encoding: .utf8)) ?? "" }

    /// What it has used so far, user and system, in steps of the kernel's clock tick (10 ms).
    var cpuSeconds: Double {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        // Behind the name, which may hold blanks: state is field 3, user time 14 and system time 15.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Self.ticksPerSecond
    }

    /// What of it is in memory now; 0 where that cannot be read.
    var residentBytes: Int { Self.residentBytes(of: "\(identifier)") }

    /// Of a process by its name under `/proc`, such as `self`.
    static func residentBytes(of process: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    private var isRunning: Bool {
        if status != nil { return false }
        var found: Int32 = 0
        guard waitpid(identifier, &found, WNOHANG) == identifier else { return true }
        status = found
        return false
    }

    /// - Throws: with its last words where it has ended.
    func requireRunning() throws {
        if !isRunning { throw RunFailure("\(name) ended \(ending):\n\(log)") }
    }

    /// Asks it to end and waits for that.
    ///
    /// - Throws: where it fails, or takes longer than a minute.
    func stop() throws {
        try requireRunning()
        _ = Foundation.kill(identifier, SIGTERM)
        var waited = 0
        while isRunning {
            guard waited < Self.endMilliseconds else { throw RunFailure("\(name) did not end within 60 s:\n\(log)") }
            _ = pause.pop(milliseconds: 5)
            waited += 5
        }
        guard status == 0 else { throw RunFailure("\(name) ended \(ending):\n\(log)") }
    }

    /// Ends it at once, as `kill -9` does, and waits until it is gone.
    ///
    /// - Throws: where it has ended before.
    func kill() throws {
        try requireRunning()
        _ = Foundation.kill(identifier, SIGKILL)
        var found: Int32 = 0
        waitpid(identifier, &found, 0)
        status = found
    }

    /// The lower seven bits are the signal that ended it, the next eight the status that it ended with.
    private var ending: String {
        let status = status ?? 0
        return status & 0x7F != 0 ? "by signal \(status & 0x7F)" : "with status \(status >> 8 & 0xFF)"
    }
}
