extension ONNXFile {
    init(reading bytes: UnsafeRawBufferPointer) throws(ModelFailure) {
        var reader = ProtoReader(bytes, "the file")
        while let field = try reader.next() {
            switch field.number {
            case 1: irVersion = field.int
            case 2: producer = try field.text("producer_name")
            case 3: producerVersion = try field.text("producer_version")
            case 7:
                guard graph == nil else { throw ModelFailure(.malformed, "a second graph") }
                graph = try ONNXGraph(reading: try field.message("graph"))
            case 8:
                let (domain, version) = try Self.operatorSet(try field.message("opset_import"))
                let known = operatorSets[domain] ?? 0
                operatorSets[domain] = max(known, version)
            default: break
            }
        }
    }

    private static func operatorSet(
        _ message: ProtoReader
    ) throws(ModelFailure) -> (domain: String, version: Int) {
        var reader = message
        var domain = ""
        var version = 0
        while let field = try reader.next() {
            if field.number == 1 { domain = try field.text("opset_import.domain") }
            if field.number == 2 { version = field.int }
        }
        return (domain == "ai.onnx" ? "" : domain, version)
    }
}

extension ONNXGraph {
    fileprivate init(reading message: ProtoReader) throws(ModelFailure) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1:
                nodes.append(try ONNXNode(reading: try field.message("graph.node[\(nodes.count)]")))
                try Self.check(nodes.count, Self.nodesMax, "nodes")
            case 5:
                initializers.append(
                    try ONNXTensor(
                        reading: try field.message("graph.initializer[\(initializers.count)]"),
                        "graph.initializer[\(initializers.count)]"))
                try Self.check(initializers.count, Self.nodesMax, "initializers")
            case 11:
                inputs.append(try ONNXValue(reading: try field.message("graph.input[\(inputs.count)]")))
                try Self.check(inputs.count, Self.valuesMax, "inputs")
            case 12:
                outputs.append(try ONNXValue(reading: try field.message("graph.output[\(outputs.count)]")))
                try Self.check(outputs.count, Self.valuesMax, "outputs")
            case 15: throw ModelFailure(.unsupportedConstruct, "a sparse initializer", at: "graph")
            default: break
            }
        }
    }

    private static func check(_ count: Int, _ most: Int, _ what: String) throws(ModelFailure) {
        guard count <= most else {
            throw ModelFailure(.tooManyNodes, "more than \(most) \(what)", at: "graph")
        }
    }
}

extension ONNXNode {
    fileprivate init(reading message: ProtoReader) throws(ModelFailure) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: inputs.append(try field.text("node.input"))
            case 2: outputs.append(try field.text("node.output"))
            case 3: name = try field.text("node.name")
            case 4: operation = try field.text("node.op_type")
            case 5:
                let attribute = try ONNXAttribute(reading: try field.message("attribute of \(place)"))
                guard attributes.updateValue(attribute, forKey: attribute.name) == nil else {
                    throw ModelFailure(.malformed, "attribute \"\(attribute.name)\" twice", at: place)
                }
            case 7:
                domain = try field.text("node.domain")
                if domain == "ai.onnx" { domain = "" }
            default: break
            }
        }
    }
}

extension ONNXAttribute {
    fileprivate init(reading message: ProtoReader) throws(ModelFailure) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.text("attribute.name")
            case 2: float = Float(bitPattern: UInt32(truncatingIfNeeded: field.scalar))
            case 3: int = Int64(bitPattern: field.scalar)
            case 4: text = try field.text("attribute.s")
            case 5: tensor = try ONNXTensor(reading: try field.message("attribute.t"), "attribute \"\(name)\"")
            case 6, 11: hasGraph = true
            case 7: try field.append(to: &floats, "attribute.floats")
            case 8: try field.append(to: &ints, "attribute.ints")
            case 9: texts.append(try field.text("attribute.strings"))
            case 21:
                throw ModelFailure(.unsupportedConstruct, "an attribute of a function", at: "attribute \"\(name)\"")
            default: break
            }
        }
    }
}

extension ONNXValue {
    fileprivate init(reading message: ProtoReader) throws(ModelFailure) {
        var reader = message
        while let field = try reader.next() {
            if field.number == 1 { name = try field.text("value.name") }
            if field.number == 2 { try read(type: try field.message("value.type")) }
        }
    }

    private mutating func read(type message: ProtoReader) throws(ModelFailure) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1:
                kind = .tensor
                var tensor = try field.message("value.type.tensor")
                while let part = try tensor.next() {
                    if part.number == 1 { elementType = part.int }
                    if part.number == 2 { dims = try Self.dims(try part.message("value.type.tensor.shape")) }
                }
            case 4: kind = .sequence
            default: break
            }
        }
    }

    private static func dims(_ message: ProtoReader) throws(ModelFailure) -> [Int] {
        var reader = message
        var result: [Int] = []
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            var dim = try field.message("value.type.tensor.shape.dim")
            var size = -1
            while let part = try dim.next() {
                if part.number == 1 { size = part.int }
            }
            result.append(size > 0 ? size : -1)
            guard result.count <= 64 else {
                throw ModelFailure(.malformed, "a shape of more than 64 dimensions", at: "graph")
            }
        }
        return result
    }
}

extension ONNXTensor {
    /// Number kinds as in onnx.proto, of those that are read.
    enum Kind {
        static let float = 1
        static let int32 = 6
        static let int64 = 7
        static let string = 8
        static let bool = 9
        static let double = 11
        static let integers = [2: 1, 3: 1, 4: 2, 5: 2, int32: 4, int64: 8, bool: 1, 12: 4, 13: 8]
    }

    fileprivate init(reading message: ProtoReader, _ what: String) throws(ModelFailure) {
        var reader = message
        var floats: [Float] = []
        var ints: [Int64] = []
        var raw: UnsafeRawBufferPointer?
        while let field = try reader.next() {
            switch field.number {
            case 1: try field.append(to: &dims, "\(what).dims")
            case 2: elementType = field.int
            case 4: try field.append(to: &floats, "\(what).float_data")
            case 5, 7, 11: try field.append(to: &ints, "\(what).int_data")
            case 6: texts.append(try field.text("\(what).string_data"))
            case 8: name = try field.text("\(what).name")
            case 9 where field.wire == .bytes: raw = field.content
            case 10: try field.append(to: &numbers, "\(what).double_data")
            case 13: throw ModelFailure(.unsupportedConstruct, "data in another file", at: what)
            case 14 where field.scalar != 0:
                throw ModelFailure(.unsupportedConstruct, "data in another file", at: what)
            default: break
            }
        }
        if let raw {
            guard floats.isEmpty, ints.isEmpty, numbers.isEmpty, texts.isEmpty else {
                throw ModelFailure(.malformed, "data in two forms", at: what)
            }
            numbers = try Self.numbers(raw, elementType, what)
        } else if !floats.isEmpty {
            numbers += floats.lazy.map(Double.init)
        } else if !ints.isEmpty {
            let isUnsigned = elementType == 13
            numbers += ints.lazy.map { isUnsigned ? Double(UInt64(bitPattern: $0)) : Double($0) }
        }
        try checkShape(what)
    }

    private func checkShape(_ what: String) throws(ModelFailure) {
        guard dims.count <= 16 else {
            throw ModelFailure(.wrongLength, "a shape of \(dims.count) dimensions", at: what)
        }
        var count = 1
        for dim in dims {
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(dim))
            guard dim >= 0, !overflow else { throw ModelFailure(.wrongLength, "a shape that cannot be", at: what) }
            count = product
        }
        let found = elementType == Kind.string ? texts.count : numbers.count
        guard found == count else {
            throw ModelFailure(.wrongLength, "\(found) elements, where the shape has \(count)", at: what)
        }
    }

    private static func numbers(
        _ raw: UnsafeRawBufferPointer, _ type: Int, _ what: String
    ) throws(ModelFailure) -> [Double] {
        func all(_ size: Int, _ one: (Int) -> Double) throws(ModelFailure) -> [Double] {
            guard raw.count % size == 0 else { throw ModelFailure(.wrongLength, "data that is cut off", at: what) }
            return (0..<raw.count / size).map { one($0 * size) }
        }
        func load<Number: FixedWidthInteger>(_ place: Int, _: Number.Type) -> Number {
            Number(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: Number.self))
        }
        switch type {
        case Kind.float: return try all(4) { Double(Float(bitPattern: load($0, UInt32.self))) }
        case Kind.double: return try all(8) { Double(bitPattern: load($0, UInt64.self)) }
        case 2: return try all(1) { Double(load($0, UInt8.self)) }
        case Kind.bool: return try all(1) { load($0, UInt8.self) == 0 ? 0 : 1 }
        case 3: return try all(1) { Double(load($0, Int8.self)) }
        case 4: return try all(2) { Double(load($0, UInt16.self)) }
        case 5: return try all(2) { Double(load($0, Int16.self)) }
        case Kind.int32: return try all(4) { Double(load($0, Int32.self)) }
        case Kind.int64: return try all(8) { Double(load($0, Int64.self)) }
        case 12: return try all(4) { Double(load($0, UInt32.self)) }
        case 13: return try all(8) { Double(load($0, UInt64.self)) }
        default:
            throw ModelFailure(.unsupportedConstruct, "numbers of the type \(type)", at: what)
        }
    }
}
