/// Operators whose results are known without a row.
enum Constants {
    static func constant(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        if let tensor = node.attributes["value"]?.tensor { return [try compiler.value(tensor, node.place)] }
        if let number = node.float("value_float") { return [compiler.constant([number], type: .float, dims: [])] }
        if let number = node.int("value_int") { return [compiler.constant([Double(number)], type: .int, dims: [])] }
        if let list = node.attributes["value_floats"]?.floats {
            return [compiler.constant(list.map(Double.init), type: .float, dims: [list.count])]
        }
        if let list = node.attributes["value_ints"]?.ints {
            return [compiler.constant(list.map { Double($0) }, type: .int, dims: [list.count])]
        }
        throw GraphCompiler.unsupported("a constant of this form", node)
    }

    static func constantOfShape(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue]
    {
        let shape = try compiler.optionalNumbers(node, 0) ?? []
        // One row for all: whatever reads it repeats it.
        var dims: [Int] = []
        for size in shape { dims.append(size.isNaN ? 1 : Int(max(0, min(0x1p40, size)))) }
        let width = try GraphCompiler.checkWidth(dims, node)
        try compiler.charge(width, node)
        guard let tensor = node.attributes["value"]?.tensor else {
            return [compiler.constant([Double](repeating: 0, count: width), type: .float, dims: dims)]
        }
        let one = try compiler.value(tensor, node.place)
        guard let number = one.numbers?.first, one.width == 1 else {
            throw GraphCompiler.unsupported("a value that is not one number", node)
        }
        return [compiler.constant([Double](repeating: number, count: width), type: one.type, dims: dims)]
    }

    /// The number of rows stands in it as a NaN.
    static func shape(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let dims = try compiler.input(node).dims
        let range = sliceBounds(node, dims.count)
        let sizes = dims[range].map { $0 == GraphValue.rows ? GraphValue.rowsMarker : Double($0) }
        guard !sizes.isEmpty else { throw GraphCompiler.unsupported("the shape of nothing", node) }
        return [compiler.constant(sizes, type: .int, dims: [sizes.count])]
    }

    private static func sliceBounds(_ node: ONNXNode, _ rank: Int) -> Range<Int> {
        func place(_ given: Int) -> Int { max(0, min(rank, given < 0 ? given &+ rank : given)) }
        let start = place(node.int("start") ?? 0)
        return start..<max(start, place(node.int("end") ?? rank))
    }
}
