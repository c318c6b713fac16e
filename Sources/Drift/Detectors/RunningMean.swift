/// A mean that is kept up value by value, in River's order of operations.
struct RunningMean: Hashable, Sendable {
    private(set) var count = 0
    private(set) var mean = 0.0

    /// The most values that a state may say it has seen.
    static let countMax = 1 << 62

    mutating func update(_ value: Double) {
        count += 1
        mean += 1 / Double(count) * (value - mean)
    }

    func write(to state: inout DetectorStateWriter) {
        state.write(count)
        state.write(mean)
    }

    mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        count = try state.count(0...Self.countMax, "a count")
        mean = try state.number()
    }
}
