import Foundation

/// What a process may take here.
enum MachineMemory {
    /// The machine's memory, or what the control group leaves of it.
    static var bytes: Int {
        let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        return min(machine, limits.compactMap(limit).min() ?? machine)
    }

    /// Of control groups of both versions, as a container sees its own.
    private static let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]

    /// `nil` where there is none: no such file, or `max`.
    private static func limit(_ path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
