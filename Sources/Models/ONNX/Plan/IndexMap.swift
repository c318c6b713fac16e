/// Where each number of a result comes from, for all operators that only move numbers about.
enum IndexMap {
    /// Visits all places of a tensor with these dimensions (rows left out), the last dimension fastest, and gives for
    /// each `start` plus the sum of its coordinates times the strides.
    static func walk(dims: [Int], strides: [Int], start: Int = 0) -> [Int32] {
        let count = dims.reduce(1, *)
        var result: [Int32] = []
        result.reserveCapacity(count)
        var coordinates = [Int](repeating: 0, count: dims.count)
        var place = start
        for _ in 0..<count {
            result.append(Int32(truncatingIfNeeded: place))
            var axis = dims.count - 1
            while axis >= 0 {
                coordinates[axis] += 1
                place += strides[axis]
                if coordinates[axis] < dims[axis] { break }
                place -= strides[axis] * dims[axis]
                coordinates[axis] = 0
                axis -= 1
            }
        }
        return result
    }

    /// The numbers from one place to the next along each dimension.
    static func strides(_ dims: [Int]) -> [Int] {
        var result = [Int](repeating: 1, count: dims.count)
        for axis in dims.indices.dropLast().reversed() { result[axis] = result[axis + 1] * dims[axis + 1] }
        return result
    }
}
