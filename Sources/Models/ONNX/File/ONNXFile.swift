/// What of an ONNX file is of use: the messages of onnx.proto without what they say about themselves.
///
/// Source: github.com/onnx/onnx, onnx/onnx.proto.
struct ONNXFile {
    var irVersion = 0
    var producer = ""
    var producerVersion = ""
    /// The version of each operator set, by domain; ONNX's own is "".
    var operatorSets: [String: Int] = [:]
    var graph: ONNXGraph?
}

struct ONNXGraph {
    var nodes: [ONNXNode] = []
    var initializers: [ONNXTensor] = []
    var inputs: [ONNXValue] = []
    var outputs: [ONNXValue] = []

    static let nodesMax = 100_000
    static let valuesMax = 65_536
}

/// An input or output of the graph.
struct ONNXValue {
    enum Kind { case tensor, sequence, other }
    var name = ""
    var kind = Kind.other
    /// Of a tensor's elements: the number of the type in onnx.proto.
    var elementType = 0
    /// Of a tensor whose shape is given; -1 where a dimension has a name or nothing.
    var dims: [Int]?
}

struct ONNXNode {
    var operation = ""
    var domain = ""
    var name = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [String: ONNXAttribute] = [:]

    /// How failures name it.
    var place: String {
        let kind = domain.isEmpty ? operation : "\(domain).\(operation)"
        let label = name.isEmpty ? outputs.first.map { "with output \"\($0)\"" } : "\"\(name)\""
        return "node \(label ?? "without a name") (\(kind))"
    }
}

struct ONNXAttribute {
    var name = ""
    var float: Float?
    var int: Int64?
    var text: String?
    var tensor: ONNXTensor?
    var floats: [Float] = []
    var ints: [Int64] = []
    var texts: [String] = []
    /// It holds a graph, as If and Loop have them.
    var hasGraph = false
}

/// A tensor as it stands in the file, its numbers as float64.
struct ONNXTensor {
    var name = ""
    var dims: [Int64] = []
    var elementType = 0
    var numbers: [Double] = []
    var texts: [String] = []
}
