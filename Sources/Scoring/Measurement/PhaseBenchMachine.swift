import Foundation

/// The machine that a figure was measured on, since a figure without it says little.
public struct PhaseBenchMachine: Sendable {
    public let processor: String
    public let cores: Int
    /// The load averages of 1, 5 and 15 minutes: what else went on.
    public let load: [Double]
    public let isReleaseBuild: Bool

    /// As it is now.
    public init() {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let name = text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        processor = name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
        cores = ProcessInfo.processInfo.activeProcessorCount
        var averages = [0.0, 0.0, 0.0]
        let found = getloadavg(&averages, Int32(averages.count))
        load = Array(averages.prefix(max(0, Int(found))))
        isReleaseBuild = !_isDebugAssertConfiguration()
    }

    /// One line.
    public var text: String {
        let load = load.map { String(format: "%.2f", $0) }.joined(separator: " ")
        return "\(processor), \(cores) cores, load \(load), \(isReleaseBuild ? "release" : "debug") build"
    }
}
