/// Compiles a graph: operators become steps, what does not depend on the rows is computed here and now.
///
/// Only what the wanted output needs is looked at, so that labels as texts and other outputs cost nothing and refuse
/// nothing.
struct GraphCompiler {
    /// Numbers that constants, maps and buffers made here may hold together, and multiplications that constants may
    /// take: what bounds the time and memory that a small file can ask for.
    private static let numbersMax = 1 << 23
    private static let workMax = 1 << 27
    /// Numbers in one row of one value.
    static let widthMax = 1 << 20

    let operatorSet: Int
    let machineLearningSet: Int
    let limits: ForestLimits
    private(set) var draft = PlanDraft()
    var leafTables = LeafTables()
    private(set) var values: [String: GraphValue] = [:]
    private var numbersLeft: Int
    private var workLeft = Self.workMax
    /// Names that something wants.
    private(set) var wanted: Set<String> = []

    /// `bytes`: how long the file is; a large one may make as many numbers as it has bytes.
    init(_ file: ONNXFile, bytes: Int, limits: ForestLimits) {
        numbersLeft = max(Self.numbersMax, bytes)
        operatorSet = file.operatorSets[""] ?? 0
        machineLearningSet = file.operatorSets["ai.onnx.ml"] ?? 0
        self.limits = limits
    }

    // MARK: What operators ask for

    /// The value of an input; `nil` where it is left out.
    func optionalInput(_ node: ONNXNode, _ index: Int) throws(ModelFailure) -> GraphValue? {
        guard node.inputs.indices.contains(index), !node.inputs[index].isEmpty else { return nil }
        guard let value = values[node.inputs[index]] else {
            throw ModelFailure(.missingField, "nothing makes its input \"\(node.inputs[index])\"", at: node.place)
        }
        return value
    }

    /// The value of an input of numbers.
    func input(_ node: ONNXNode, _ index: Int = 0) throws(ModelFailure) -> GraphValue {
        guard let value = try optionalInput(node, index) else {
            throw ModelFailure(.missingField, "no input \(index)", at: node.place)
        }
        guard value.type != .text else { throw Self.unsupported("texts", node) }
        return value
    }

    /// All inputs, of an operator that takes any number of them.
    func inputs(_ node: ONNXNode) throws(ModelFailure) -> [GraphValue] {
        var result: [GraphValue] = []
        for index in node.inputs.indices { result.append(try input(node, index)) }
        guard !result.isEmpty else { throw ModelFailure(.missingField, "no inputs", at: node.place) }
        return result
    }

    /// The numbers of an input that has to be known beforehand; `nil` where it is left out.
    func optionalNumbers(_ node: ONNXNode, _ index: Int) throws(ModelFailure) -> [Double]? {
        guard let value = try optionalInput(node, index) else { return nil }
        guard let numbers = value.numbers else {
            throw Self.unsupported("input \(index) that depends on the rows", node)
        }
        return numbers
    }

    /// The same as whole numbers.
    func optionalInts(_ node: ONNXNode, _ index: Int) throws(ModelFailure) -> [Int]? {
        guard let numbers = try optionalNumbers(node, index) else { return nil }
        return try Self.ints(numbers, node)
    }

    static func ints(_ numbers: [Double], _ node: ONNXNode) throws(ModelFailure) -> [Int] {
        var result: [Int] = []
        for number in numbers {
            guard !number.isNaN else { throw unsupported("the number of rows in its arithmetic", node) }
            result.append(Int(max(-0x1p53, min(0x1p53, number))))
        }
        return result
    }

    static func unsupported(_ what: String, _ node: ONNXNode) -> ModelFailure {
        ModelFailure(.unsupportedConstruct, "\(what): not supported", at: node.place)
    }

    static func hasGraph(_ node: ONNXNode) -> ModelFailure { unsupported("a graph inside of it", node) }

    /// An axis as an index; negative ones count from the end.
    static func axis(_ axis: Int, of dims: [Int], _ node: ONNXNode) throws(ModelFailure) -> Int {
        let index = axis < 0 ? axis + dims.count : axis
        guard dims.indices.contains(index) else {
            throw ModelFailure(.wrongLength, "axis \(axis) of \(dims.count)", at: node.place)
        }
        return index
    }

    // MARK: What operators make

    /// Counts numbers that are about to be made, so that a small file cannot ask for much.
    mutating func charge(_ count: Int, _ node: ONNXNode) throws(ModelFailure) {
        guard count <= numbersLeft else {
            throw ModelFailure(
                .tooLarge, "too many numbers are made from constants", at: node.place)
        }
        numbersLeft -= count
    }

    mutating func chargeWork(_ count: Int, _ node: ONNXNode) throws(ModelFailure) {
        guard count <= workLeft else {
            throw ModelFailure(.tooLarge, "constants take too much work", at: node.place)
        }
        workLeft -= count
    }

    func operand(_ value: GraphValue) -> Operand {
        let width = value.width
        switch value.storage {
        case .buffer(let buffer): return Operand(buffer: buffer, constant: nil, width: width, stride: width)
        case .constant(let array): return Operand(buffer: nil, constant: array, width: width, stride: 0)
        case .texts: return Operand(buffer: nil, constant: FrozenArray([0]), width: 1, stride: 0)
        }
    }

    static func checkWidth(_ dims: [Int], _ node: ONNXNode) throws(ModelFailure) -> Int {
        var width = 1
        for dim in dims where dim != GraphValue.rows {
            let (product, overflow) = width.multipliedReportingOverflow(by: dim)
            guard dim >= 0, !overflow, product <= widthMax else {
                throw ModelFailure(.tooLarge, "more than \(widthMax) numbers a row", at: node.place)
            }
            width = product
        }
        guard dims.count <= 32 else { throw ModelFailure(.wrongLength, "\(dims.count) dimensions", at: node.place) }
        guard width > 0 else { throw unsupported("a value without numbers", node) }
        return width
    }

    /// Adds a step, or runs it if it reads constants alone.
    mutating func emit(
        _ step: some RowStep, _ node: ONNXNode, type: ElementType, dims: [Int]
    ) throws(ModelFailure) -> GraphValue {
        let width = try Self.checkWidth(dims, node)
        try charge(width + step.extraWidth, node)
        if step.operands.allSatisfy({ $0.buffer == nil }) {
            guard !dims.contains(GraphValue.rows) else {
                throw Self.unsupported("constants for every row", node)
            }
            return constant(Self.run(step, width: width), type: type, dims: dims)
        }
        // One result a row from something that counts rows: it cannot have lost them.
        guard dims.contains(GraphValue.rows) else { throw Self.unsupported("a result over all rows", node) }
        draft.steps.append(step)
        draft.widths.append(width + step.extraWidth)
        leafTables.follow(step, width: width, buffer: draft.steps.count)
        return GraphValue(type: type, dims: dims, storage: .buffer(draft.steps.count))
    }

    private static func run(_ step: some RowStep, width: Int) -> [Double] {
        let room = width + step.extraWidth
        let all = [Double](unsafeUninitializedCapacity: room) { buffer, count in
            buffer.initialize(repeating: 0)
            let offsets = FrozenArray([0])
            let block = RowBlock(scratch: buffer.baseAddress!, offsets: offsets.start, rowCount: 1)
            withExtendedLifetime(offsets) { step.run(block, into: buffer.baseAddress!) }
            count = room
        }
        return Array(all.prefix(width))
    }

    func constant(_ numbers: [Double], type: ElementType, dims: [Int]) -> GraphValue {
        GraphValue(type: type, dims: dims, storage: .constant(FrozenArray(numbers)))
    }

    /// A tensor of the file as a value.
    func value(_ tensor: ONNXTensor, _ place: String) throws(ModelFailure) -> GraphValue {
        guard let type = ElementType(number: tensor.elementType) else {
            throw ModelFailure(.unsupportedConstruct, "numbers of the type \(tensor.elementType)", at: place)
        }
        let dims = tensor.dims.map { Int($0) }
        if type == .text { return GraphValue(type: type, dims: dims, storage: .texts(tensor.texts)) }
        let numbers = type == .bool ? tensor.numbers.map { $0 == 0 ? 0 : 1 } : tensor.numbers
        return constant(numbers, type: type, dims: dims)
    }
}

extension GraphCompiler {
    /// The rows as buffer 0, of so many columns.
    mutating func setRows(width: Int) { draft.widths[0] = width }

    mutating func set(_ value: GraphValue, for name: String) { values[name] = value }

    /// Compiles whatever `output` needs.
    mutating func compile(_ graph: ONNXGraph, output: String) throws(ModelFailure) -> GraphValue {
        for number in try order(graph, output: output) {
            let node = graph.nodes[number]
            guard let operation = OperatorCatalogue.find(node) else {
                throw OperatorCatalogue.unsupported(node)
            }
            guard !node.attributes.values.contains(where: \.hasGraph) else { throw Self.hasGraph(node) }
            let results = try OperatorCatalogue.compile(operation, &self, node)
            for (name, value) in zip(node.outputs, results) where !name.isEmpty { values[name] = value }
        }
        guard let result = values[output] else {
            throw ModelFailure(.missingField, "nothing makes the output \"\(output)\"", at: "graph")
        }
        return result
    }

    /// The nodes that an output needs, each behind those whose results it reads.
    private mutating func order(_ graph: ONNXGraph, output: String) throws(ModelFailure) -> [Int] {
        var producers: [String: Int] = [:]
        for (number, node) in graph.nodes.enumerated() {
            for name in node.outputs where !name.isEmpty {
                guard producers.updateValue(number, forKey: name) == nil, values[name] == nil else {
                    throw ModelFailure(.malformed, "the value \"\(name)\" is made twice", at: node.place)
                }
            }
        }
        for initializer in graph.initializers where values[initializer.name] == nil {
            values[initializer.name] = try value(initializer, "initializer \"\(initializer.name)\"")
        }
        // A list instead of recursion: the depth is the file's. A node is met twice, before and behind its inputs.
        enum Mark { case open, done }
        var marks: [Int: Mark] = [:]
        var result: [Int] = []
        var pending: [(node: Int, isBehind: Bool)] = []
        wanted = [output]
        if let first = producers[output] { pending.append((first, false)) }
        while let (number, isBehind) = pending.popLast() {
            if isBehind {
                marks[number] = .done
                result.append(number)
                continue
            }
            if let mark = marks[number] {
                guard mark == .done else {
                    throw ModelFailure(.nodeReachedTwice, "a circle", at: graph.nodes[number].place)
                }
                continue
            }
            marks[number] = .open
            pending.append((number, true))
            for name in graph.nodes[number].inputs.reversed() {
                wanted.insert(name)
                guard let producer = producers[name] else { continue }
                if marks[producer] == .open {
                    throw ModelFailure(.nodeReachedTwice, "a circle", at: graph.nodes[producer].place)
                }
                if marks[producer] == nil { pending.append((producer, false)) }
            }
        }
        return result
    }
}
