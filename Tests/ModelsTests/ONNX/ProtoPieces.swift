/// A protocol buffer taken apart as far as ONNX nests messages, so that it can be changed and put together again.
indirect enum ProtoPiece {
    case varint(Int, UInt64)
    case fixed32(Int, UInt32)
    case fixed64(Int, UInt64)
    case bytes(Int, [UInt8])
    case message(Int, kind: String, [ProtoPiece])

    /// Which fields of which messages are messages.
    private static let nested: [String: [Int: String]] = [
        "model": [7: "graph", 8: "set"],
        "graph": [1: "node", 5: "tensor", 11: "value", 12: "value"],
        "node": [5: "attribute"],
        "attribute": [5: "tensor"],
        "value": [2: "type"],
        "type": [1: "tensor type"],
        "tensor type": [2: "shape"],
        "shape": [1: "dim"],
    ]

    static func pieces(_ bytes: ArraySlice<UInt8>, kind: String) -> [ProtoPiece] {
        var result: [ProtoPiece] = []
        var rest = bytes
        func varint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        func fixed(_ count: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<count { value |= UInt64(rest.popFirst() ?? 0) << UInt64(8 * index) }
            return value
        }
        while !rest.isEmpty {
            let tag = varint()
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0: result.append(.varint(number, varint()))
            case 1: result.append(.fixed64(number, fixed(8)))
            case 5: result.append(.fixed32(number, UInt32(fixed(4))))
            default:
                let count = Int(varint())
                let content = rest.prefix(count)
                rest = rest.dropFirst(count)
                if let inner = nested[kind]?[number] {
                    result.append(.message(number, kind: inner, pieces(content, kind: inner)))
                } else {
                    result.append(.bytes(number, Array(content)))
                }
            }
        }
        return result
    }

    static func encoded(_ pieces: [ProtoPiece]) -> [UInt8] {
        var result: [UInt8] = []
        for piece in pieces { piece.encode(into: &result) }
        return result
    }

    private func encode(into result: inout [UInt8]) {
        switch self {
        case .varint(let number, let value):
            Self.varint(UInt64(number) << 3, into: &result)
            Self.varint(value, into: &result)
        case .fixed32(let number, let value):
            Self.varint(UInt64(number) << 3 | 5, into: &result)
            for shift in 0..<4 { result.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * shift))) }
        case .fixed64(let number, let value):
            Self.varint(UInt64(number) << 3 | 1, into: &result)
            for shift in 0..<8 { result.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * shift))) }
        case .bytes(let number, let content):
            Self.varint(UInt64(number) << 3 | 2, into: &result)
            Self.varint(UInt64(content.count), into: &result)
            result += content
        case .message(let number, _, let pieces):
            let content = Self.encoded(pieces)
            Self.varint(UInt64(number) << 3 | 2, into: &result)
            Self.varint(UInt64(content.count), into: &result)
            result += content
        }
    }

    static func varint(_ value: UInt64, into result: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            result.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        result.append(UInt8(rest))
    }

    // MARK: Changes

    private static let numbers: [UInt64] = [
        0, 1, 2, 3, 5, 7, 11, 100, 65_536, 1 << 20, 1 << 31, 1 << 40, .max, .max - 1, UInt64(bitPattern: -5), 1 << 63,
        (1 << 63) - 1,
    ]
    private static let floats: [Float] = [0, -0.0, 1, -1, .nan, .infinity, -.infinity, 1e38, 1e-30, 60, 0.5]
    private static let texts = [
        "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_EQ", "LEAF", "SOFTMAX", "LOGISTIC", "PROBIT", "X", "Y", "x1",
        "",
        "Add", "Mul", "Concat", "Reshape", "Gather", "MatMul", "Loop", "Cast", "ReduceSum", "Softmax", "Transpose",
        "Slice", "axis", "axes", "perm", "ai.onnx.ml",
    ]

    /// Changes one piece somewhere below.
    static func mutate(_ pieces: inout [ProtoPiece], _ random: inout SeededGenerator) {
        guard !pieces.isEmpty else { return }
        let index = Int.random(in: 0..<pieces.count, using: &random)
        if case .message(let number, let kind, var inner) = pieces[index], Int.random(in: 0..<12, using: &random) > 0 {
            mutate(&inner, &random)
            pieces[index] = .message(number, kind: kind, inner)
            return
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: pieces.remove(at: index)
        case 1: pieces.insert(pieces[index], at: index)
        case 2: pieces.swapAt(index, Int.random(in: 0..<pieces.count, using: &random))
        default: pieces[index] = pieces[index].changed(&random)
        }
    }

    private func changed(_ random: inout SeededGenerator) -> ProtoPiece {
        switch self {
        case .varint(let number, let value):
            let near = value &+ UInt64(bitPattern: Int64.random(in: -2...2, using: &random))
            return .varint(number, Bool.random(using: &random) ? near : Self.numbers.randomElement(using: &random)!)
        case .fixed32(let number, _):
            return .fixed32(number, Self.floats.randomElement(using: &random)!.bitPattern)
        case .fixed64(let number, _):
            return .fixed64(number, Double(Self.floats.randomElement(using: &random)!).bitPattern)
        case .bytes(let number, var content):
            if content.isEmpty || Int.random(in: 0..<3, using: &random) == 0 {
                return .bytes(number, Array(Self.texts.randomElement(using: &random)!.utf8))
            }
            content[Int.random(in: 0..<content.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            return .bytes(number, content)
        case .message(_, let kind, let pieces):
            return .message(Int.random(in: 1...15, using: &random), kind: kind, pieces)
        }
    }
}
