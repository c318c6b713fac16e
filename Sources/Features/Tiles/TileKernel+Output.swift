/// What comes out of a tiled window.
extension TileKernel {
    /// Writes the aggregates of a total.
    ///
    /// - Parameter beforeEvent: those that are not to see the event itself, or those that are.
    @inline(__always)
    func write(
        _ total: UnsafeMutableRawPointer, time: Int64, beforeEvent: Bool, to features: UnsafeMutablePointer<Double>
    ) {
        for output in outputs where output.isBeforeEvent == beforeEvent {
            let value = value(output, total, time: time)
            // An infinite sum is no number that a model could use; a default stands for whatever is missing.
            features[output.output.feature] = value.isFinite ? value : output.output.defaultValue
        }
    }

    @inline(__always)
    private func value(_ layout: TileOutputLayout, _ total: UnsafeMutableRawPointer, time: Int64) -> Double {
        let (output, part) = (layout.output, layout.part)
        let present = layout.present.present(total)
        switch output.function {
        case .count: return Double(present)
        case .rate: return Double(present) * output.parameter / Double(length)
        case .sum: return sum(part, total) / output.column.divisor
        case .mean: return present == 0 ? .nan : sum(part, total) / (Double(present) * output.column.divisor)
        case .stddev: return part.spread(total).deviation / output.column.divisor
        case .min, .max: return present == 0 ? .nan : output.column.number(part.word(total))
        case .distinct: return part.distinct(total).pointee.value
        case .quantile: return part.quantile(total).pointee.quantile(output.parameter)
        case .first, .last, .previous: return present == 0 ? .nan : output.column.number(part.end(total).word)
        case .timeSinceLast: return present == 0 ? .nan : seconds(from: part.end(total).time, to: time)
        case .ewma: return .nan
        }
    }

    @inline(__always)
    private func sum(_ part: TilePart, _ total: UnsafeMutableRawPointer) -> Double {
        part.kind == .integerSum ? part.integerSum(total).value : part.doubleSum(total).value
    }

    /// A late event sees its whole tile, and may find newer events in it: no time has passed since.
    private func seconds(from: Int64, to: Int64) -> Double {
        if from >= to { return 0 }
        return Double(UInt64(bitPattern: to &- from)) / 1e6
    }
}
