import Foundation
import Testing

@testable import Drift

/// One detector over one stream, and where River's alarms.
struct GoldenRun: CustomTestStringConvertible, Sendable {
    let stream: String
    let label: String
    let values: [Double]
    let alarms: [Int]
    /// `nil`: not recorded.
    let warnings: [Int]?
    /// The index of an update, and the state behind it.
    let trace: [[Double]]

    var testDescription: String { "\(label) on \(stream)" }

    static let all: [GoldenRun] = {
        let folder = GoldenFile.hasShared ? GoldenFile.shared : GoldenFile.beside
        let suffix = GoldenFile.hasShared ? "" : "_sample"
        guard let streams = try? GoldenFile.json("streams\(suffix).json", in: folder),
            let runs = try? GoldenFile.json("stream_alarms\(suffix).json", in: folder)["results"]
        else { return [] }
        var all: [GoldenRun] = []
        for (stream, labels) in runs.members.sorted(by: { $0.key < $1.key }) {
            let values = streams[stream]?.numbers ?? []
            for (label, run) in labels.members.sorted(by: { $0.key < $1.key }) {
                all.append(
                    GoldenRun(
                        stream: stream, label: label, values: Array(values.prefix(Int(run["n"]?.number ?? 0))),
                        alarms: (run["alarms"]?.numbers ?? []).map { Int($0) },
                        warnings: run["warnings"].map { $0.numbers.map { Int($0) } },
                        trace: (run["trace"]?.elements ?? []).map(\.numbers)))
            }
        }
        return all
    }()

    /// River's label as a name and parameters: `ADWIN(delta=0.05)`.
    var detector: any StreamDetector {
        get throws {
            let names = [
                "ADWIN": "adwin", "PageHinkley": "page-hinkley", "KSWIN": "kswin", "DDM": "ddm", "EDDM": "eddm",
                "HDDM_A": "hddm-a", "HDDM_W": "hddm-w", "FHDDM": "fhddm",
            ]
            let parts = label.dropLast().split(separator: "(", maxSplits: 1).map(String.init)
            let given = (parts.count > 1 ? parts[1] : "").split(separator: ",").map { text -> (String, String) in
                let sides = text.split(separator: "=").map(String.init)
                return sides[0] == "two_sided" ? ("two_sided_test", "true") : (sides[0], sides[1])
            }
            return try DetectorCatalogue.standard.make(
                try #require(names[parts[0]]), given.map { (name: $0.0, value: $0.1) })
        }
    }
}

/// The alarms, warnings and states of River 0.26.1: all of its runs where `../shared` is there, else some.
@Suite struct GoldenStreamTests {
    /// Without optimisation the first values of each stream have to do; `swift test -c release` takes all 45,000.
    #if DEBUG
        private static let valuesMax = 8_000
    #else
        private static let valuesMax = Int.max
    #endif

    @Test func theGoldenRunsAreThere() {
        #expect(GoldenRun.all.count == (GoldenFile.hasShared ? 124 : 27))
    }

    @Test(arguments: GoldenRun.all)
    func alarmsAndStatesAreRivers(_ run: GoldenRun) throws {
        var detector = try run.detector
        var alarms: [Int] = []
        var warnings: [Int] = []
        var trace = run.trace[...]
        for (index, value) in run.values.prefix(Self.valuesMax).enumerated() {
            if detector.update(value) { alarms.append(index) }
            if detector.isWarning { warnings.append(index) }
            if let expected = trace.first, Int(expected[0]) == index {
                trace = trace.dropFirst()
                let found = Self.state(of: detector)
                #expect(found.count + 1 <= expected.count)
                for (mine, its) in zip(found, expected.dropFirst()) {
                    #expect(isNear(mine, its, relative: 1e-11, absolute: 1e-11), "at \(index): \(found), \(expected)")
                }
            }
        }
        #expect(trace.allSatisfy { $0[0] >= Double(Self.valuesMax) })
        #expect(alarms == run.alarms.filter { $0 < Self.valuesMax })
        if let expected = run.warnings { #expect(warnings == expected.filter { $0 < Self.valuesMax }) }
    }

    /// In the order of the recorded states; ADWIN's last one, a count of alarms, is not kept.
    private static func state(of detector: any StreamDetector) -> [Double] {
        switch detector {
        case let adwin as ADWIN:
            let width = Double(adwin.width)
            return [width, adwin.total, adwin.variance, adwin.width == 0 ? 0 : adwin.total / width]
        case let test as PageHinkley:
            return [test.mean.mean, test.increase, test.decrease, test.lowest, test.highest]
        case let test as KSWIN: return [Double(test.windowCount), test.pValue]
        default: return []
        }
    }
}
