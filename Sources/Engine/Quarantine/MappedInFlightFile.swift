import Glibc

/// A state directory that another process works in.
public struct StateDirectoryInUse: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String

    public var description: String {
        "\"\(path)\" belongs to another running instance: give each instance a \"state.directory\" of its own"
    }
}

extension InFlightRecord {
    /// The record of a pipeline in its state directory, which no other process may use meanwhile.
    ///
    /// - Throws: `StateDirectoryInUse`, `FileFailure`.
    public static func map(_ path: String, directory: String) throws -> InFlightRecord {
        try SystemFileLayer().makeDirectory(directory)
        let descriptor = Glibc.open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw FileFailure(.open, path, code: errno) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            _ = Glibc.close(descriptor)
            throw code == EWOULDBLOCK ? StateDirectoryInUse(path: path) : FileFailure(.open, path, code: code)
        }
        // A file that is shorter reads as zeros behind its end; blocks are taken now, since a full disk would
        // otherwise end the process at the first store.
        let failure = posix_fallocate(descriptor, 0, off_t(byteCount))
        guard failure == 0,
            let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else {
            let code = failure != 0 ? failure : errno
            _ = Glibc.close(descriptor)
            throw FileFailure(.create, path, code: code)
        }
        let address = UInt(bitPattern: memory)
        return InFlightRecord(UnsafeMutableRawBufferPointer(start: memory, count: byteCount)) {
            munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
            // The lock goes with it.
            _ = Glibc.close(descriptor)
        }
    }
}

/// Notes in an `InFlightRecord` that the process ends by a fault of its own, so that it is told from a kill.
public enum CrashMark {
    // SAFETY: set once before handlers are installed; the handler only reads it and stores one word.
    private nonisolated(unsafe) static var word: UnsafeMutablePointer<UInt64>?

    /// From now on signals that mean a fault are noted, and then do what they did before.
    public static func install(_ record: InFlightRecord) {
        word = record.signalWord
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                CrashMark.word?.pointee = UInt64(number)
                signal(number, SIG_DFL)
                raise(number)
            }
            action.sa_flags = Int32(SA_NODEFER) | Int32(bitPattern: UInt32(SA_RESETHAND))
            sigaction(number, &action, nil)
        }
    }

    /// Forgets the record: it goes away.
    public static func remove() { word = nil }
}
