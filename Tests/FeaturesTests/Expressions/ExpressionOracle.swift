@testable import Features

/// An expression as the tests make it up: text and value come from this tree by other code than the engine's.
indirect enum OracleNode {
    case number(Double)
    case name(String)
    case truth(Bool)
    case prefix(String, OracleNode)
    case infix(String, OracleNode, OracleNode)
    /// `x or default`, of two numbers.
    case otherwise(OracleNode, OracleNode)
    case numberIn(OracleNode, [Double], negated: Bool)
    case textIn(String, [String], negated: Bool)
    case textEqual(String, String, negated: Bool)
    case choose(OracleNode, OracleNode, OracleNode)
    case call(String, [OracleNode])
}

// MARK: Text

extension OracleNode {
    private static let levels = [
        "or": 0, "and": 1, "<": 3, "<=": 3, ">": 3, ">=": 3, "==": 3, "!=": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
    ]

    /// How tightly the outermost operator binds; 7 for what never needs parentheses, -1 for what needs them always.
    private var level: Int {
        switch self {
        case .infix(let sign, _, _): Self.levels[sign] ?? 7
        case .prefix("not", _): 2
        case .prefix: 6
        case .numberIn, .textIn, .textEqual: 3
        case .otherwise: 0
        case .choose: -1
        case .number, .name, .truth, .call: 7
        }
    }

    /// With as few parentheses as the grammar allows, and one needless pair in ten.
    func text(_ generator: inout SeededGenerator) -> String {
        switch self {
        case .number(let value): return "\(value)"
        case .name(let name): return name
        case .truth(let isTrue): return "\(isTrue)"
        case .prefix(let sign, let x):
            return sign == "not" ? "not " + x.text(atLeast: 2, &generator) : "-" + x.text(atLeast: 6, &generator)
        case .infix(let sign, let x, let y):
            let level = level
            // Comparisons do not associate; the others do to the left.
            let left = x.text(atLeast: level == 3 ? 4 : level, &generator)
            return "\(left) \(sign) \(y.text(atLeast: level + 1, &generator))"
        case .otherwise(let x, let y): return "\(x.text(atLeast: 0, &generator)) or \(y.text(atLeast: 1, &generator))"
        case .numberIn(let x, let list, let negated):
            let values = list.map { "\($0)" }.joined(separator: ", ")
            return "\(x.text(atLeast: 4, &generator)) \(negated ? "not in" : "in") [\(values)]"
        case .textIn(let name, let list, let negated):
            return "\(name) \(negated ? "not in" : "in") [\(list.map { "'\($0)'" }.joined(separator: ","))]"
        case .textEqual(let name, let other, let negated): return "\(name) \(negated ? "!=" : "==") \(other)"
        case .choose(let condition, let x, let y):
            return "if \(condition.text(&generator)) then \(x.text(&generator)) else \(y.text(&generator))"
        case .call(let name, let arguments):
            var texts: [String] = []
            for argument in arguments { texts.append(argument.text(&generator)) }
            return "\(name)(\(texts.joined(separator: ", ")))"
        }
    }

    private func text(atLeast wanted: Int, _ generator: inout SeededGenerator) -> String {
        let inner = text(&generator)
        return level < wanted || Int.random(in: 0..<10, using: &generator) == 0 ? "(\(inner))" : inner
    }
}

// MARK: Value

extension OracleNode {
    /// `nil` is missing.
    func value(_ row: ExpressionRow) -> Double? {
        switch self {
        case .number(let value): return value
        case .truth(let isTrue): return isTrue ? 1 : 0
        case .name(let name): return Self.number(name, row)
        case .prefix("not", let x): return x.value(row).map { $0 == 0 ? 1 : 0 }
        case .prefix(_, let x): return x.value(row).map { -$0 }
        case .infix(let sign, let x, let y): return Self.infix(sign, x.value(row), y.value(row))
        case .otherwise(let x, let y): return x.value(row) ?? y.value(row)
        case .numberIn(let x, let list, let negated):
            return x.value(row).map { list.contains($0) != negated ? 1 : 0 }
        case .textIn(let name, let list, let negated):
            return Self.text(name, row).map { list.contains($0) != negated ? 1 : 0 }
        case .textEqual(let name, let other, let negated):
            guard let left = Self.text(name, row), let right = Self.text(other, row) else { return nil }
            return (left == right) != negated ? 1 : 0
        case .choose(let condition, let x, let y):
            guard let test = condition.value(row) else { return nil }
            return test == 0 ? y.value(row) : x.value(row)
        case .call(let name, let arguments): return Self.call(name, arguments, row)
        }
    }

    private static func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

    private static func number(_ name: String, _ row: ExpressionRow) -> Double? {
        switch name {
        case "amount": row.amountUnits.map { Double($0) / 100 }
        case "n": row.n.map { Double($0) }
        case "ratio": row.ratio.flatMap(finite)
        case "flag": row.flag.map { $0 ? 1 : 0 }
        case "f0": row.f0.flatMap(finite)
        case "f1": row.f1.flatMap(finite)
        case "b0": row.b0
        case "score": finite(Double(row.score))
        default: preconditionFailure("no number \(name)")
        }
    }

    private static func text(_ name: String, _ row: ExpressionRow) -> String? {
        switch name {
        case "channel": row.channel
        case "country": row.country
        default: String(name.dropFirst().dropLast())
        }
    }

    private static func infix(_ sign: String, _ x: Double?, _ y: Double?) -> Double? {
        switch sign {
        case "or": if x == 1 || y == 1 { return 1 }
        case "and": if x == 0 || y == 0 { return 0 }
        default: break
        }
        guard let x, let y else { return nil }
        switch sign {
        case "or": return 0
        case "and": return 1
        case "+": return finite(x + y)
        case "-": return finite(x - y)
        case "*": return finite(x * y)
        case "/": return y == 0 ? nil : finite(x / y)
        case "%":
            if y == 0 { return nil }
            let truncated = x.truncatingRemainder(dividingBy: y)
            return finite(truncated != 0 && (truncated < 0) != (y < 0) ? truncated + y : truncated)
        case "<": return x < y ? 1 : 0
        case "<=": return x <= y ? 1 : 0
        case ">": return x > y ? 1 : 0
        case ">=": return x >= y ? 1 : 0
        case "==": return x == y ? 1 : 0
        case "!=": return x != y ? 1 : 0
        default: preconditionFailure("no operator \(sign)")
        }
    }

    private static func call(_ name: String, _ arguments: [OracleNode], _ row: ExpressionRow) -> Double? {
        let values = arguments.map { $0.value(row) }
        switch name {
        case "coalesce": return values.first { $0 != nil } ?? nil
        case "is_missing": return values[0] == nil ? 1 : 0
        default: break
        }
        let known = values.compactMap { $0 }
        guard known.count == values.count else { return nil }
        switch name {
        case "min": return known.dropFirst().reduce(known[0]) { $1 < $0 ? $1 : $0 }
        case "max": return known.dropFirst().reduce(known[0]) { $1 > $0 ? $1 : $0 }
        case "abs": return abs(known[0])
        case "floor": return known[0].rounded(.down)
        case "round": return known[0].rounded()
        case "sqrt": return known[0] < 0 ? nil : known[0].squareRoot()
        case "clamp":
            // Of two zeros the value stays and the bound does not replace it.
            let raised = known[0] < known[1] ? known[1] : known[0]
            return known[1] > known[2] ? nil : (raised > known[2] ? known[2] : raised)
        default: preconditionFailure("no function \(name)")
        }
    }
}

// MARK: Making them up

extension OracleNode {
    static func number(depth: Int, _ generator: inout SeededGenerator) -> OracleNode {
        func deeper(_ generator: inout SeededGenerator) -> OracleNode { number(depth: depth - 1, &generator) }
        if depth == 0 || Int.random(in: 0..<6, using: &generator) == 0 {
            if Int.random(in: 0..<3, using: &generator) == 0 {
                return .number([0, 1, 2, 0.5, 3.25, 100, 1e300][Int.random(in: 0..<7, using: &generator)])
            }
            let names = ["amount", "n", "ratio", "f0", "f1", "score", "flag"]
            return .name(names[Int.random(in: 0..<names.count, using: &generator)])
        }
        switch Int.random(in: 0..<11, using: &generator) {
        case 0...4:
            let sign = ["+", "-", "*", "/", "%"][Int.random(in: 0..<5, using: &generator)]
            return .infix(sign, deeper(&generator), deeper(&generator))
        case 5: return .prefix("-", deeper(&generator))
        case 6: return .choose(truth(depth: depth - 1, &generator), deeper(&generator), deeper(&generator))
        case 7:
            let name = ["min", "max", "coalesce"][Int.random(in: 0..<3, using: &generator)]
            let count = Int.random(in: 2...4, using: &generator)
            return .call(name, (0..<count).map { _ in deeper(&generator) })
        case 9:
            // The sum and the product are numbers whatever their operands are: a bool has another "or".
            let (x, y) = (deeper(&generator), deeper(&generator))
            return .otherwise(.infix("+", x, .number(0)), .infix("*", y, .number(1)))
        case 8: return .call("clamp", [deeper(&generator), deeper(&generator), deeper(&generator)])
        default:
            let name = ["abs", "floor", "round", "sqrt"][Int.random(in: 0..<4, using: &generator)]
            return .call(name, [deeper(&generator)])
        }
    }

    static func truth(depth: Int, _ generator: inout SeededGenerator) -> OracleNode {
        func deeper(_ generator: inout SeededGenerator) -> OracleNode { truth(depth: depth - 1, &generator) }
        if depth == 0 || Int.random(in: 0..<6, using: &generator) == 0 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: return .truth(Bool.random(using: &generator))
            case 1: return .name("flag")
            case 2: return .textIn("channel", ["web", "app"], negated: Bool.random(using: &generator))
            case 3: return .textEqual("country", "'NL'", negated: Bool.random(using: &generator))
            case 4: return .textEqual("channel", "country", negated: Bool.random(using: &generator))
            default: return .name("b0")
            }
        }
        switch Int.random(in: 0..<9, using: &generator) {
        case 0, 1: return .infix("and", deeper(&generator), deeper(&generator))
        case 2, 3: return .infix("or", deeper(&generator), deeper(&generator))
        case 4: return .prefix("not", deeper(&generator))
        case 5:
            return .numberIn(
                number(depth: depth - 1, &generator), [0, -1, 2.5, 3], negated: Bool.random(using: &generator))
        case 6: return .call("is_missing", [number(depth: depth - 1, &generator)])
        default:
            let sign = ["<", "<=", ">", ">=", "==", "!="][Int.random(in: 0..<6, using: &generator)]
            return .infix(sign, number(depth: depth - 1, &generator), number(depth: depth - 1, &generator))
        }
    }
}

extension ExpressionRow {
    static func random(_ generator: inout SeededGenerator) -> ExpressionRow {
        func isMissing(_ generator: inout SeededGenerator) -> Bool { Int.random(in: 0..<5, using: &generator) == 0 }
        func double(_ generator: inout SeededGenerator) -> Double? {
            if isMissing(&generator) { return nil }
            let edges = [0, -0.0, 1, -1, .infinity, -.infinity, 1e308, .leastNonzeroMagnitude, 0.5]
            let place = Int.random(in: 0..<18, using: &generator)
            return place < edges.count ? edges[place] : Double.random(in: -10...10, using: &generator)
        }
        var row = ExpressionRow()
        row.amountUnits = isMissing(&generator) ? nil : Int64.random(in: -500...500, using: &generator)
        row.n = isMissing(&generator) ? nil : Int64.random(in: -3...3, using: &generator)
        row.ratio = double(&generator)
        row.flag = isMissing(&generator) ? nil : Bool.random(using: &generator)
        row.channel = isMissing(&generator) ? nil : ["web", "app", "", "NL"][Int.random(in: 0..<4, using: &generator)]
        row.country = isMissing(&generator) ? nil : ["NL", "DE"][Int.random(in: 0..<2, using: &generator)]
        row.f0 = double(&generator)
        row.f1 = double(&generator)
        row.b0 = isMissing(&generator) ? nil : Double(Int.random(in: 0...1, using: &generator))
        row.score = double(&generator) ?? .nan
        return row
    }
}
