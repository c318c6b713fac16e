import Foundation

/// golden/drift/esr_reference.json: what an independent implementation of the detector gave on buckets of 50 events.
struct GoldenDetector: Decodable {
    struct Case: Decodable {
        let name: String
        let refCounts: [[Int]]
        let stream: [Int]
        let guarded: Variant
        let plugIn: Variant
        let tempered: Variant

        enum CodingKeys: String, CodingKey {
            case name, stream
            case refCounts = "ref_counts"
            case guarded = "guard"
            case plugIn = "plug_in"
            case tempered = "guard_tempered_phi3"
        }

        var variants: [(name: String, variant: Variant)] {
            [("guard", guarded), ("plug-in", plugIn), ("tempered", tempered)]
        }
    }

    struct Variant: Decodable {
        let thresholds: [Int]
        let exceedances: [Int]
        let lower: [Double]
        let upper: [Double]
        let dispersion: [Double]
        let runLength: Double
        let batch: Int
        let oddsRatios: [Double]
        let alarms: [Alarm]
        let meanEvery10: [Double]

        enum CodingKeys: String, CodingKey {
            case batch, alarms
            case thresholds = "thresholds_grid"
            case exceedances = "S"
            case lower = "lo"
            case upper = "up"
            case dispersion = "phi"
            case runLength = "A_events"
            case oddsRatios = "odds_ratios"
            case meanEvery10 = "mean_R_every_10_batches"
        }
    }

    struct Alarm: Decodable {
        struct Top: Decodable {
            let threshold: Double
            let direction: String
            let oddsRatio: Double
            let evidence: Double

            enum CodingKeys: String, CodingKey {
                case threshold, direction
                case oddsRatio = "odds_ratio"
                case evidence = "R"
            }
        }

        let batch: Int
        let statistic: Double
        let top: Top

        enum CodingKeys: String, CodingKey {
            case batch, top
            case statistic = "stat"
        }
    }

    let cases: [Case]

    /// Three cases, cut short: they are in the project.
    static func sample() throws -> GoldenDetector {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try read(folder.appendingPathComponent("Goldens/esr_sample.json"))
    }

    /// All eight, which are beside the project.
    static func whole() throws -> GoldenDetector { try read(wholeFile) }

    static var wholeIsThere: Bool { FileManager.default.fileExists(atPath: wholeFile.path) }

    private static var wholeFile: URL {
        let shared = ProcessInfo.processInfo.environment["RIFFLE_SHARED"].map { URL(fileURLWithPath: $0) }
        let beside = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("shared")
        return (shared ?? beside).appendingPathComponent("golden/drift/esr_reference.json")
    }

    private static func read(_ file: URL) throws -> GoldenDetector {
        try JSONDecoder().decode(GoldenDetector.self, from: Data(contentsOf: file))
    }
}
