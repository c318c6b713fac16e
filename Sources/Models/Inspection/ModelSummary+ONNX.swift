extension ModelSummary {
    /// What an ONNX file is made of, and every operator in it that is not read.
    mutating func lookIntoONNX(_ file: ONNXFile) {
        var found = Graph()
        found.producer = file.producerText
        found.irVersion = file.irVersion
        found.operatorSets = file.operatorSets.sorted { $0.key < $1.key }.map {
            .init(domain: $0.key, version: $0.value)
        }
        libraryVersion = found.producer
        defer { graph = found }
        guard let graph = file.graph else { return }
        found.nodes = graph.nodes.count
        found.initializers = graph.initializers.count
        let initialized = Set(graph.initializers.map(\.name))
        found.inputs = graph.inputs.filter { !initialized.contains($0.name) }.map(\.summary)
        found.outputs = graph.outputs.map(\.summary)
        found.operators = Self.operators(graph)
        objective = ONNXModel.objective(graph)
        describeInputs(found)
        measureTrees(graph)
        if evaluation == nil { findUnsupported(graph) }
    }

    private static func operators(_ graph: ONNXGraph) -> [Graph.Operator] {
        var result: [Graph.Operator] = []
        var places: [String: Int] = [:]
        for node in graph.nodes {
            let key = "\(node.domain) \(node.operation)"
            if let place = places[key] {
                result[place].nodes += 1
                continue
            }
            places[key] = result.count
            result.append(
                .init(
                    domain: node.domain, name: node.operation, nodes: 1,
                    isSupported: OperatorCatalogue.find(node) != nil))
        }
        return result
    }

    /// Each column is an input of its own where the graph has one tensor for each; else columns have no names.
    private mutating func describeInputs(_ graph: Graph) {
        guard let inputCount else { return }
        while inputs.count < inputCount { inputs.append(Input()) }
        guard inputCount > 1, graph.inputs.count == inputCount else { return }
        for index in inputs.indices { inputs[index].type = graph.inputs[index].type }
    }

    private mutating func measureTrees(_ graph: ONNXGraph) {
        var sizes = TreeSizes()
        for node in graph.nodes where node.operation.hasPrefix("TreeEnsemble") {
            let spec: EnsembleSpec? =
                switch node.operation {
                case "TreeEnsemble": try? EnsembleSpec(ensemble: node)
                case "TreeEnsembleClassifier": try? EnsembleSpec(node, leaves: "class", targetCount: 1)
                default: try? EnsembleSpec(node, leaves: "target", targetCount: 1)
                }
            guard let spec else { continue }
            var seen = [Bool](repeating: false, count: spec.nodes.count)
            for root in spec.roots {
                sizes.add(root: root, seen: &seen) { place in
                    let node = spec.nodes[place]
                    return node.mode == .leaf ? nil : (node.yes, node.no)
                }
            }
        }
        if sizes.trees.count > 0 { trees = sizes.trees }
    }

    /// Operators that the wanted output needs and that are not read: the first node of each.
    private mutating func findUnsupported(_ graph: ONNXGraph) {
        guard let output = attempt({ () throws(ModelFailure) in try ONNXModel.output(of: graph) }) else { return }
        var seen: Set<String> = []
        for number in Self.needed(graph, output: output.name) {
            let node = graph.nodes[number]
            let isKnown = OperatorCatalogue.find(node) != nil
            let hasGraph = node.attributes.values.contains(where: \.hasGraph)
            guard !isKnown || hasGraph, seen.insert("\(node.domain) \(node.operation)").inserted else { continue }
            add(isKnown ? GraphCompiler.hasGraph(node) : OperatorCatalogue.unsupported(node))
        }
    }

    /// The nodes that an output needs, in the file's order.
    private static func needed(_ graph: ONNXGraph, output: String) -> [Int] {
        var producers: [String: Int] = [:]
        for (number, node) in graph.nodes.enumerated() {
            for name in node.outputs { producers[name] = number }
        }
        var result: Set<Int> = []
        var pending = [output]
        while let name = pending.popLast() {
            guard let number = producers[name], result.insert(number).inserted else { continue }
            pending += graph.nodes[number].inputs
        }
        return result.sorted()
    }
}

extension ONNXFile {
    /// Who wrote the file, and with which version.
    var producerText: String { [producer, producerVersion].filter { !$0.isEmpty }.joined(separator: " ") }
}

extension ONNXValue {
    fileprivate var summary: ModelSummary.Graph.Value { .init(name: name, type: typeText) }

    private var typeText: String {
        guard kind == .tensor else { return kind == .sequence ? "sequence of maps" : "no tensor" }
        let names = [
            1: "float", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
            10: "float16", 11: "double", 12: "uint32", 13: "uint64", 16: "bfloat16",
        ]
        let element = names[elementType] ?? "type \(elementType)"
        guard let dims else { return element }
        // The first dimension counts the rows whatever the file calls it.
        let sizes = dims.enumerated().map { $0 == 0 ? "rows" : $1 < 0 ? "?" : "\($1)" }
        return "\(element)[\(sizes.joined(separator: ", "))]"
    }
}
