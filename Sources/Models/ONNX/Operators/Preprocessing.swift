/// What ai.onnx.ml does to features before a model sees them.
enum Preprocessing {
    /// One number for each column: as many as there are, or one for all.
    private static func perColumn(
        _ list: [Double], _ width: Int, default standard: Double, _ node: ONNXNode
    ) throws(ModelFailure) -> [Double] {
        if list.isEmpty { return Array(repeating: standard, count: width) }
        if list.count == 1 { return Array(repeating: list[0], count: width) }
        guard list.count == width else {
            throw ModelFailure(.wrongLength, "\(list.count) parameters for \(width) columns", at: node.place)
        }
        return list
    }

    static func scaler(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try Arithmetic.cast(try compiler.input(node), to: .float, &compiler, node)
        let width = value.dims.last ?? 1
        guard value.width == width else { throw GraphCompiler.unsupported("an input of this shape", node) }
        try compiler.charge(2 * width, node)
        let step = Dense.Affine(
            input: compiler.operand(value),
            offsets: FrozenArray(try perColumn(node.floats("offset"), width, default: 0, node)),
            factors: FrozenArray(try perColumn(node.floats("scale"), width, default: 1, node)), addends: nil,
            type: .float)
        return [try compiler.emit(step, node, type: .float, dims: value.dims)]
    }

    private struct ImputeStep: RowStep {
        let input: Operand
        /// What stands in a missing value's place, by column.
        let replacements: FrozenArray<Double>
        let replaced: Double
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { known(input) }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let width = input.width
            for row in 0..<block.rowCount {
                for column in 0..<width {
                    let x = source[row &* width &+ column]
                    let isMissing = x == replaced || x.isNaN && replaced.isNaN
                    output[row &* width &+ column] = isMissing ? replacements.start[column] : x
                }
            }
        }
    }

    static func imputer(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let width = value.dims.last ?? 1
        guard value.width == width else { throw GraphCompiler.unsupported("an input of this shape", node) }
        let isInt = value.type == .int
        let replacements =
            isInt ? node.ints("imputed_value_int64s").map { Double($0) } : node.floats("imputed_value_floats")
        guard !replacements.isEmpty else {
            throw ModelFailure(.missingField, "no imputed values for this type of input", at: node.place)
        }
        let replaced = isInt ? Double(node.int("replaced_value_int64") ?? 0) : node.float("replaced_value_float") ?? 0
        let step = ImputeStep(
            input: compiler.operand(value),
            replacements: FrozenArray(try perColumn(replacements, width, default: 0, node)), replaced: replaced)
        return [try compiler.emit(step, node, type: value.type, dims: value.dims)]
    }

    enum Norm: String { case greatest = "MAX", first = "L1", second = "L2" }

    struct NormalizeStep: RowStep {
        let input: Operand
        let norm: Norm
        var operands: [Operand] { [input] }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            let width = input.width
            for row in 0..<block.rowCount {
                let from = source + row &* width
                var total = norm == .greatest ? -Double.infinity : 0
                for column in 0..<width {
                    switch norm {
                    case .greatest: total = max(total, from[column])
                    case .first: total += abs(from[column])
                    case .second: total += from[column] * from[column]
                    }
                }
                if norm == .second { total.formSquareRoot() }
                for column in 0..<width {
                    output[row &* width &+ column] = total == 0 ? from[column] : Double(Float(from[column] / total))
                }
            }
        }
    }

    static func normalizer(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try Arithmetic.cast(try compiler.input(node), to: .float, &compiler, node)
        let name = node.text("norm") ?? "MAX"
        guard let norm = Norm(rawValue: name), value.dims.count == 2 else {
            throw GraphCompiler.unsupported("norm \"\(name)\" of this shape", node)
        }
        return [
            try compiler.emit(
                NormalizeStep(input: compiler.operand(value), norm: norm), node, type: .float, dims: value.dims)
        ]
    }

    static func binarizer(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let threshold = compiler.constant([node.float("threshold") ?? 0], type: value.type, dims: [])
        let result = try Arithmetic.apply(.greater, value, threshold, &compiler, node)
        return [try Arithmetic.cast(result, to: value.type, &compiler, node)]
    }

    // MARK: Labels

    /// A number for each known number.
    private struct TranslateStep: RowStep {
        let input: Operand
        /// In order; without NaN, whose value is `ofMissing`.
        let keys: FrozenArray<Double>
        let values: FrozenArray<Double>
        let standard: Double
        let ofMissing: Double
        var operands: [Operand] { [input] }

        func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { known(input) }

        func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
            let source = block.start(input)
            for index in 0..<block.rowCount &* input.width { output[index] = value(source[index]) }
        }

        private func value(_ x: Double) -> Double {
            if x.isNaN { return ofMissing }
            var low = 0
            var high = keys.count
            while low < high {
                let middle = (low &+ high) / 2
                if keys.start[middle] < x { low = middle &+ 1 } else { high = middle }
            }
            return low < keys.count && keys.start[low] == x ? values.start[low] : standard
        }
    }

    private static func numbers(
        _ node: ONNXNode, _ side: String, _ compiler: GraphCompiler
    ) throws(ModelFailure) -> (type: ElementType, numbers: [Double])? {
        if let tensor = node.attributes["\(side)_tensor"]?.tensor {
            let value = try compiler.value(tensor, node.place)
            guard let numbers = value.numbers else { return nil }
            return (value.type, numbers)
        }
        if let list = node.attributes["\(side)_floats"] { return (.float, list.floats.map(Double.init)) }
        if let list = node.attributes["\(side)_int64s"] { return (.int, list.ints.map { Double($0) }) }
        return nil
    }

    static func labelEncoder(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        guard let keys = try numbers(node, "keys", compiler), let values = try numbers(node, "values", compiler) else {
            throw GraphCompiler.unsupported("texts", node)
        }
        guard keys.numbers.count == values.numbers.count else {
            throw ModelFailure(.wrongLength, "keys and values of different lengths", at: node.place)
        }
        var standard = values.type == .int ? -1.0 : 0
        if let tensor = node.attributes["default_tensor"]?.tensor?.numbers.first { standard = tensor }
        if values.type == .int, let number = node.int("default_int64") { standard = Double(number) }
        if values.type == .float, let number = node.float("default_float") { standard = number }
        var table: [Double: Double] = [:]
        var ofMissing = standard
        // Of equal keys the last one counts.
        for (key, value) in zip(keys.numbers, values.numbers) {
            if key.isNaN { ofMissing = value } else { table[key] = value }
        }
        let sorted = table.keys.sorted()
        let step = TranslateStep(
            input: compiler.operand(value), keys: FrozenArray(sorted), values: FrozenArray(sorted.map { table[$0]! }),
            standard: standard, ofMissing: ofMissing)
        return [try compiler.emit(step, node, type: values.type, dims: value.dims)]
    }

    static func oneHotEncoder(_ compiler: inout GraphCompiler, _ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        let value = try compiler.input(node)
        let categories = node.ints("cats_int64s").map { Double($0) }
        guard !categories.isEmpty else { throw GraphCompiler.unsupported("texts", node) }
        guard node.int("zeros") ?? 1 != 0 else { throw GraphCompiler.unsupported("zeros=0", node) }
        let whole = try Arithmetic.cast(value, to: .int, &compiler, node)
        var wide = whole
        wide.dims.append(1)
        let table = compiler.constant(categories, type: .int, dims: [categories.count])
        let hits = try Arithmetic.apply(.equal, wide, table, &compiler, node)
        return [try Arithmetic.cast(hits, to: .float, &compiler, node)]
    }

    static func featureVectorizer(
        _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        var columns: [GraphValue] = []
        for value in try compiler.inputs(node) {
            var column = try Arithmetic.cast(value, to: .float, &compiler, node)
            if column.dims == [GraphValue.rows] { column.dims = [GraphValue.rows, 1] }
            columns.append(column)
        }
        return [try Movement.join(columns, axis: 1, &compiler, node)]
    }

    /// Columns of the last dimension; a list counts as one row.
    static func arrayFeatureExtractor(
        _ compiler: inout GraphCompiler, _ node: ONNXNode
    ) throws(ModelFailure) -> [GraphValue] {
        var value = try compiler.input(node)
        var places = try compiler.input(node, 1)
        if value.dims.count == 1 { value.dims.insert(1, at: 0) }
        guard !value.dims.isEmpty else { throw GraphCompiler.unsupported("a single number", node) }
        // The places are one list, whatever their shape.
        places.dims = [places.isConstant ? places.width : GraphValue.rows]
        guard places.width == 1 || places.isConstant else {
            throw GraphCompiler.unsupported("several places for each row", node)
        }
        return [try Movement.gather(value, places, axis: value.dims.count - 1, &compiler, node)]
    }
}
