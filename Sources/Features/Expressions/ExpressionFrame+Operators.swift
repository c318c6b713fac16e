import Events

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// One loop per operator, chosen once per block: the loops have no branch on the operator and the compiler vectorises
// them.
extension ExpressionFrame {
    func binary(
        _ applied: NumberOperator, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
        into output: UnsafeMutablePointer<Double>
    ) {
        switch applied {
        case .otherwise: mapRows(x, y, rows: rows, into: output) { $0 == $0 ? $0 : $1 }
        case .written(.add): mapRows(x, y, rows: rows, into: output) { missingUnlessFinite($0 + $1) }
        case .written(.subtract): mapRows(x, y, rows: rows, into: output) { missingUnlessFinite($0 - $1) }
        case .written(.multiply): mapRows(x, y, rows: rows, into: output) { missingUnlessFinite($0 * $1) }
        case .written(.divide): mapRows(x, y, rows: rows, into: output) { missingUnlessFinite($0 / $1) }
        case .written(.remainder): mapRows(x, y, rows: rows, into: output) { Self.remainder($0, $1) }
        case .written(.less): compare(x, y, into: output) { $0 < $1 }
        case .written(.lessOrEqual): compare(x, y, into: output) { $0 <= $1 }
        case .written(.greater): compare(x, y, into: output) { $0 > $1 }
        case .written(.greaterOrEqual): compare(x, y, into: output) { $0 >= $1 }
        case .written(.equal): compare(x, y, into: output) { $0 == $1 }
        case .written(.notEqual): compare(x, y, into: output) { $0 != $1 }
        // Kleene: one known operand can decide, else the sum or the product carries what is missing.
        case .written(.and): mapRows(x, y, rows: rows, into: output) { $0 == 0 ? 0 : ($1 == 0 ? 0 : $0 * $1) }
        case .written(.or): mapRows(x, y, rows: rows, into: output) { $0 == 1 ? 1 : ($1 == 1 ? 1 : $0 + $1) }
        }
    }

    /// The remainder of the division rounded down: it has the sign of `y`, as in Python, so that `(hour - 5) % 24` is
    /// an hour.
    @inline(__always)
    private static func remainder(_ x: Double, _ y: Double) -> Double {
        let truncated = fmod(x, y)
        let floored = truncated != 0 && (truncated < 0) != (y < 0) ? truncated + y : truncated
        return missingUnlessFinite(floored)
    }

    @inline(__always)
    private func compare(
        _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, into output: UnsafeMutablePointer<Double>,
        _ body: (Double, Double) -> Bool
    ) {
        mapRows(x, y, rows: rows, into: output) { left, right in
            let result: Double = body(left, right) ? 1 : 0
            return left == left ? (right == right ? result : .nan) : .nan
        }
    }

    func choose(
        _ condition: UnsafePointer<Double>, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
        into output: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<rows {
            let chosen = condition[row] == 0 ? y[row] : x[row]
            output[row] = condition[row] == condition[row] ? chosen : .nan
        }
    }

    /// One pass per listed value: lists are short, and each pass vectorises.
    func numberIn(
        _ x: UnsafePointer<Double>, _ list: [Double], negated: Bool, into output: UnsafeMutablePointer<Double>
    ) {
        let found: Double = negated ? 0 : 1
        mapRows(x, rows: rows, into: output) { $0 == $0 ? 1 - found : .nan }
        for value in list { mapRows(x, UnsafePointer(output), rows: rows, into: output) { $0 == value ? found : $1 } }
    }

    func textIn(_ texts: TextColumn, _ list: [[UInt8]], negated: Bool, into output: UnsafeMutablePointer<Double>) {
        let found: Double = negated ? 0 : 1
        for row in 0..<rows { output[row] = texts.bytes(row) == nil ? .nan : 1 - found }
        for literal in list {
            literal.withUnsafeBufferPointer { literal in
                for row in 0..<rows {
                    if let bytes = texts.bytes(row), Self.areEqual(bytes, literal) { output[row] = found }
                }
            }
        }
    }

    func textsEqual(_ x: TextColumn, _ y: TextColumn, negated: Bool, into output: UnsafeMutablePointer<Double>) {
        for row in 0..<rows {
            guard let left = x.bytes(row), let right = y.bytes(row) else {
                output[row] = .nan
                continue
            }
            output[row] = Self.areEqual(left, right) != negated ? 1 : 0
        }
    }

    /// By bytes: texts that only look alike are different.
    @inline(__always)
    private static func areEqual(_ x: UnsafeBufferPointer<UInt8>, _ y: UnsafeBufferPointer<UInt8>) -> Bool {
        guard x.count == y.count else { return false }
        guard let left = x.baseAddress, let right = y.baseAddress else { return true }
        return memcmp(left, right, x.count) == 0
    }

    /// On the microseconds themselves, which a double cannot hold beyond the year 2255.
    func compare(
        _ x: TimeColumn, _ y: TimeColumn, _ comparison: BinaryOperator, into output: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<rows {
            guard x.isPresent(row), y.isPresent(row) else {
                output[row] = .nan
                continue
            }
            let (left, right) = (x.microseconds(row), y.microseconds(row))
            let isTrue =
                switch comparison {
                case .less: left < right
                case .lessOrEqual: left <= right
                case .greater: left > right
                case .greaterOrEqual: left >= right
                case .equal: left == right
                case .notEqual: left != right
                default: preconditionFailure("times have no operator \(comparison)")
                }
            output[row] = isTrue ? 1 : 0
        }
    }
}
