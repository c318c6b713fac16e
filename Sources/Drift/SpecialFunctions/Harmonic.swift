import Glibc

/// Sums of reciprocals, without adding them up one by one.
enum Harmonic {
    private static let eulerGamma = 0.577_215_664_901_532_860_6
    /// From here on the expansions below are exact to the last digits.
    private static let expandedFrom = 32.0

    /// 1 + 1/2 + ... + 1/n. Complexity: O(1).
    static func sum(_ n: Double) -> Double {
        if n < expandedFrom { return add(n) { 1 / $0 } }
        let square = 1 / (n * n)
        return log(n) + eulerGamma + 0.5 / n - square * (1 / 12.0 - square * (1 / 120.0 - square / 252))
    }

    /// 1 + 1/4 + ... + 1/n^2. Complexity: O(1).
    static func squares(_ n: Double) -> Double {
        if n < expandedFrom { return add(n) { 1 / ($0 * $0) } }
        let inverse = 1 / n
        let square = inverse * inverse
        let tail = inverse - 0.5 * square + inverse * square * (1 / 6.0 - square * (1 / 30.0 - square / 42))
        return .pi * .pi / 6 - tail
    }

    private static func add(_ n: Double, _ term: (Double) -> Double) -> Double {
        var total = 0.0
        var k = n
        while k >= 1 {
            total += term(k)
            k -= 1
        }
        return total
    }
}
