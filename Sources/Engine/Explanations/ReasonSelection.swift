/// The strongest contributions of one row, in order: reused from row to row, without allocating.
///
/// Contributions are compared as they are written, in float32; of equal ones the earlier input comes first.
struct ReasonSelection: ~Copyable {
    private let inputs: UnsafeMutablePointer<Int32>
    private let strengths: UnsafeMutablePointer<Float>
    private let capacity: Int
    private let direction: ExplanationPlan.Direction
    private(set) var count = 0

    init(capacity: Int, direction: ExplanationPlan.Direction) {
        self.capacity = capacity
        self.direction = direction
        inputs = .allocate(capacity: max(1, capacity))
        strengths = .allocate(capacity: max(1, capacity))
    }

    deinit {
        inputs.deallocate()
        strengths.deallocate()
    }

    /// The input that is the reason at a place; `place` below `count`.
    subscript(place: Int) -> Int { Int(inputs[place]) }

    /// Chooses among `inputCount` contributions.
    ///
    /// - Parameter sign: 1, or -1 where the score falls as the contributions rise.
    /// Complexity: O(inputs), and O(capacity) for each that is stronger than all before it.
    mutating func choose(_ contributions: UnsafePointer<Double>, _ inputCount: Int, sign: Double) {
        count = 0
        for input in 0..<inputCount {
            let value = Float(sign * contributions[input])
            let strength =
                switch direction {
                case .up: value
                case .down: -value
                case .both: abs(value)
                }
            // What is not a number is no reason either.
            guard strength > 0, strength.isFinite else { continue }
            if count == capacity && strength <= strengths[count &- 1] { continue }
            var place = count < capacity ? count : count &- 1
            while place > 0, strengths[place &- 1] < strength {
                inputs[place] = inputs[place &- 1]
                strengths[place] = strengths[place &- 1]
                place &-= 1
            }
            inputs[place] = Int32(truncatingIfNeeded: input)
            strengths[place] = strength
            if count < capacity { count &+= 1 }
        }
    }
}
