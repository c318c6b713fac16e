#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How deep rows lie in trees that isolate them.
enum PathLength {
    private static let eulerGamma = 0.577_215_664_901_532_9

    /// The mean number of splits that part one of `rows` rows from the others in a random binary tree: what stands for
    /// the part of a tree that was not grown, and what path lengths are measured by (Liu, Ting and Zhou 2008, equation
    /// 1, with ln n + 0.577... for the harmonic number as there).
    static func mean(rows: Int) -> Double {
        if rows <= 1 { return 0 }
        if rows == 2 { return 1 }
        let n = Double(rows)
        return 2 * (log(n - 1) + eulerGamma) - 2 * (n - 1) / n
    }

    /// Up to how many splits deep a tree of `sample` rows is grown: ceil(log2(sample)). Rows that lie deeper are no
    /// anomalies, whatever more would be known of them.
    static func depthMax(sample: Int) -> Int {
        sample <= 1 ? 0 : Int.bitWidth - (sample - 1).leadingZeroBitCount
    }
}
