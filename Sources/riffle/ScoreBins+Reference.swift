import Configuration
import Drift
import Foundation
import Monitoring
import Scoring

extension ScoreBins {
    private static let referenceBins = 20
    /// So large a file is not read for a picture.
    private static let referenceBytesMax = 64 << 20

    /// Bins that fit a pipeline's reference, with its shares; plain ones where there is none that can be read.
    static func fitting(_ spec: PipelineSpec) -> ScoreBins {
        guard let path = spec.monitor?.referencePath,
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
            size <= referenceBytesMax, let data = FileManager.default.contents(atPath: path),
            let file = try? ReferenceFile(reading: data)
        else { return .plain }
        return fitting(file) ?? .plain
    }

    /// `nil`: the reference says nothing of scores.
    static func fitting(_ file: ReferenceFile) -> ScoreBins? {
        guard let scores = file.series["score"], scores.categories == nil, scores.eventCount > 0 else { return nil }
        var bins = ScoreBins(lowest: 0, highest: 1, count: referenceBins)
        if let seen = scores.seen, seen.lowerBound < 0 || seen.upperBound > 1, seen.lowerBound < seen.upperBound,
            (seen.upperBound - seen.lowerBound).isFinite
        {
            bins = ScoreBins(lowest: seen.lowerBound, highest: seen.upperBound, count: referenceBins)
        }
        return ScoreBins(
            lowest: bins.lowest, highest: bins.highest, count: referenceBins, reference: bins.shares(of: scores))
    }

    /// The share of each bin in a series of scores.
    func shares(of scores: SeriesReference) -> [Double] {
        var shares = [Double](repeating: 0, count: count)
        for (cell, events) in scores.counts.enumerated() where events > 0 {
            shares[bin(scores.grid.value(ofCell: cell))] += Double(events) / Double(scores.eventCount)
        }
        return shares
    }
}
