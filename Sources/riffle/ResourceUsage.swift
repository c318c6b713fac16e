import Foundation

/// What the process has used so far.
struct ResourceUsage {
    /// User and system time of all threads.
    let cpuSeconds: Double
    let residentBytesMax: Int

    static var now: ResourceUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let total = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        return ResourceUsage(cpuSeconds: (total * 100).rounded() / 100, residentBytesMax: usage.ru_maxrss * 1024)
    }
}
