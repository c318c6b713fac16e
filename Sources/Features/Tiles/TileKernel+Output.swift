/// What comes out of a tiled window.
extension TileKernel {
    /// Writes the aggregates of a total.
    ///
    /// - Parameters:
    ///   - open: the tile that rounded parts of the total leave out (`foldEnd`); `nil` where that is none.
    ///   - beforeEvent: those that are not to see the event itself, or those that are.
    @inline(__always)
    func write(
        _ total: UnsafeMutableRawPointer, open: UnsafeMutableRawPointer?, time: Int64, beforeEvent: Bool,
        to features: UnsafeMutablePointer<Double>
    ) {
        for index in outputs.indices {
            let output = outputs.baseAddress.unsafelyUnwrapped + index
            if output.pointee.output.isBeforeEvent != beforeEvent { continue }
            let value = value(output.pointee, total, open, time: time)
            // An infinite sum is no number that a model could use; a default stands for whatever is missing.
            features[output.pointee.output.feature] = value.isFinite ? value : output.pointee.output.defaultValue
        }
    }

    @inline(__always)
    private func value(
        _ layout: TileOutputLayout, _ total: UnsafeMutableRawPointer, _ open: UnsafeMutableRawPointer?, time: Int64
    ) -> Double {
        let (output, part) = (layout.output, layout.part)
        let present = layout.present.present(total)
        switch output.function {
        case .count: return Double(present)
        case .rate: return Double(present) * output.parameter / Double(length)
        case .sum: return sum(part, total, open) / output.column.divisor
        case .mean: return present == 0 ? .nan : sum(part, total, open) / (Double(present) * output.column.divisor)
        case .stddev:
            var spread = part.spread(total)
            if let open { spread.merge(part.spread(open)) }
            return spread.deviation / output.column.divisor
        case .min, .max: return present == 0 ? .nan : output.column.number(part.word(total))
        case .distinct: return part.distinct(total).pointee.value
        case .quantile: return part.quantile(total).pointee.quantile(output.parameter)
        case .first, .last, .previous: return present == 0 ? .nan : output.column.number(part.end(total).word)
        case .timeSinceLast: return present == 0 ? .nan : seconds(from: part.end(total).time, to: time)
        case .ewma: return .nan
        }
    }

    @inline(__always)
    private func sum(_ part: TilePart, _ total: UnsafeMutableRawPointer, _ open: UnsafeMutableRawPointer?) -> Double {
        if part.kind == .integerSum { return part.integerSum(total).value }
        var sum = part.doubleSum(total)
        if let open { sum.merge(part.doubleSum(open)) }
        return sum.value
    }

    /// A late event sees its whole tile, and may find newer events in it: no time has passed since.
    private func seconds(from: Int64, to: Int64) -> Double {
        if from >= to { return 0 }
        return Double(UInt64(bitPattern: to &- from)) / 1e6
    }
}
