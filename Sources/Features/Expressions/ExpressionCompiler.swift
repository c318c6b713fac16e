import Diagnostics
import Events

/// Checks an expression's names and types and writes its program, in one walk over the nodes from first to last.
///
/// Registers are handed out as on a stack: a node's register is free again when the node above has used it. What is the
/// same for every row is computed here, by the same loops that run later.
struct ExpressionCompiler {
    /// What a node's value is, once it is checked.
    struct Value {
        let type: ExpressionType
        let operand: Operand
    }

    enum Operand {
        case constant(Double)
        case register(RegisterIndex)
        case text(FieldIndex)
        case literal(String)
        case time(TimePlace)
    }

    let expression: ParsedExpression
    let language: ExpressionLanguage
    let scope: ExpressionScope
    private(set) var diagnostics: [Diagnostic] = []
    private var references: [ExpressionReference] = []
    private var instructions: [ExpressionInstruction] = []
    private var constants: [Double] = []
    private var constantPlaces: [UInt64: Int] = [:]
    private var temporaryCount = 0
    private var freeTemporaries: [RegisterIndex] = []
    /// `nil`: an error is reported already, here or below.
    private var values: [Value?]

    init(_ expression: ParsedExpression, language: ExpressionLanguage, scope: ExpressionScope) {
        self.expression = expression
        self.language = language
        self.scope = scope
        values = Array(repeating: nil, count: expression.nodes.count)
    }

    mutating func compile(_ root: NodeIndex, for purpose: ExpressionPurpose) -> CompiledExpression? {
        for index in expression.nodes[root].first...root {
            values[index] = check(index)
            // What is left out would only repeat that this text is no expression of this pipeline.
            if diagnostics.count >= language.limits.diagnosticsMax { return nil }
        }
        guard let value = values[root], accept(value, at: root, for: purpose) else { return nil }
        let result: RegisterIndex?
        var constant: Double?
        switch value.operand {
        case .constant(let number):
            constant = number
            result = register(of: value.operand)
        case .register: result = register(of: value.operand)
        case .text, .time, .literal: result = nil
        }
        let registerCount = temporaryCount + constants.count
        guard registerCount <= language.limits.registersMax else {
            report(
                .tooLarge,
                "expression needs \(registerCount) values at once, \(language.limits.registersMax) is the limit",
                at: root, suggestion: "divide it into several features")
            return nil
        }
        guard !diagnostics.contains(where: { $0.severity == .error }) else { return nil }
        var isBareName = false
        if case .name = expression.nodes[root].kind { isBareName = true }
        return CompiledExpression(
            type: value.type, references: references, range: range(of: root), constant: constant,
            registerCount: registerCount, canonicalText: expression.canonicalText(of: root), instructions: instructions,
            constants: constants,
            temporaryCount: temporaryCount,
            result: result, isBareName: isBareName)
    }

    private mutating func accept(_ value: Value, at root: NodeIndex, for purpose: ExpressionPurpose) -> Bool {
        if case .literal = value.operand {
            report(.typeMismatch, "\(purpose.phrase) cannot be a text literal", at: root)
            return false
        }
        if purpose.accepts.contains(value.type) || (value.type == .bool && purpose.accepts.contains(.number)) {
            return true
        }
        let wanted = ExpressionType.allCases.filter { purpose.accepts.contains($0) }.map(\.phrase)
        report(
            .typeMismatch, "\(purpose.phrase) needs \(wanted.joined(separator: " or ")), found \(value.type.phrase)",
            at: root,
            suggestion: suggestion(wanted: purpose.accepts, for: value, at: root))
        return false
    }

    private mutating func check(_ index: NodeIndex) -> Value? {
        switch expression.nodes[index].kind {
        case .number(let number): return Value(type: .number, operand: .constant(number))
        case .duration:
            report(
                .typeMismatch, "a duration stands only behind the argument of an aggregate", at: index,
                suggestion: "write a number, or an aggregate such as rate(1h)")
            return nil
        case .bool(let isTrue): return Value(type: .bool, operand: .constant(isTrue ? 1 : 0))
        case .text(let text): return Value(type: .text, operand: .literal(text))
        case .name(let name): return read(name, at: index)
        case .negate(let x):
            guard let x = number(x, for: "\"-\"") else { return nil }
            return emit(.number, [x], at: index) { .negate($0[0], into: $1) }
        case .not(let x):
            guard let x = bool(x, for: "\"not\"") else { return nil }
            return emit(.bool, [x], at: index) { .not($0[0], into: $1) }
        case .binary(let written, let x, let y): return checkBinary(written, x, y, at: index)
        case .member(let x, let list, let negated): return checkMember(x, of: list, negated: negated, at: index)
        case .choose(let condition, let x, let y):
            let test = bool(condition, for: "\"if\"")
            let branches = (number(x, for: "\"then\""), number(y, for: "\"else\""))
            guard let test, let positive = branches.0, let negative = branches.1 else { return nil }
            let type: ExpressionType = type(of: x) == .bool && type(of: y) == .bool ? .bool : .number
            return emit(type, [test, positive, negative], at: index) { .choose($0[0], $0[1], $0[2], into: $1) }
        case .call(let name, let place, let arguments): return checkCall(name, place, arguments, at: index)
        }
    }

    // MARK: What later checks ask

    func value(_ index: NodeIndex) -> Value? { values[index] }

    func type(of index: NodeIndex) -> ExpressionType? { values[index]?.type }

    func range(of index: NodeIndex) -> SourceRange { expression.text.range(expression.nodes[index].offsets) }

    func source(of index: NodeIndex) -> String { expression.text.slice(expression.nodes[index].offsets) }

    mutating func report(
        _ code: ExpressionDiagnostic, _ message: String, at index: NodeIndex, suggestion: String? = nil
    ) {
        report(code, message, at: range(of: index), suggestion: suggestion)
    }

    mutating func report(
        _ code: ExpressionDiagnostic, _ message: String, at range: SourceRange, suggestion: String? = nil
    ) {
        diagnostics.append(code(message, at: range, suggestion: suggestion))
    }

    // MARK: Registers and instructions

    private mutating func takeTemporary() -> RegisterIndex {
        if let free = freeTemporaries.popLast() { return free }
        temporaryCount += 1
        return temporaryCount - 1
    }

    private mutating func release(_ operand: Operand) {
        if case .register(let register) = operand { freeTemporaries.append(register) }
    }

    private mutating func register(of operand: Operand) -> RegisterIndex {
        switch operand {
        case .register(let register): return register
        case .constant(let number):
            if let place = constantPlaces[number.bitPattern] { return ~place }
            constants.append(number)
            constantPlaces[number.bitPattern] = constants.count - 1
            return ~(constants.count - 1)
        case .text, .literal, .time: preconditionFailure("a text or a time in a register")
        }
    }

    /// Loads a column of the inputs, or names it where it is a text or a time.
    mutating func emit(reference: ExpressionReference) -> Value {
        references.append(reference)
        let binding = reference.binding
        let load: ColumnLoad
        switch binding.place {
        case .eventTime: return Value(type: .time, operand: .time(.eventTime))
        case .score: load = .score
        case .modelScore(let model): load = .modelScore(model)
        case .feature(let slot): load = binding.type == .bool ? .boolFeature(slot: slot) : .feature(slot: slot)
        case .field(let field, let type):
            switch type {
            case .string: return Value(type: .text, operand: .text(field))
            case .time: return Value(type: .time, operand: .time(.field(field)))
            case .int: load = .integer(field)
            case .bool: load = .bool(field)
            case .float: load = .float(field)
            case .decimal(let scale):
                load = .decimal(field, divisor: (0..<scale).reduce(1.0) { divisor, _ in divisor * 10 })
            }
        }
        let output = takeTemporary()
        instructions.append(.load(load, into: output))
        return Value(type: binding.type, operand: .register(output))
    }

    /// One instruction on numbers, or its value if all of them are constants.
    mutating func emit(
        _ type: ExpressionType, _ operands: [Operand], at index: NodeIndex,
        _ make: ([RegisterIndex], RegisterIndex) -> ExpressionInstruction
    ) -> Value {
        var known: [Double] = []
        for case .constant(let number) in operands { known.append(number) }
        if known.count == operands.count, !(operands.isEmpty) {
            return fold(type, known, at: index, make)
        }
        let inputs = operands.map { register(of: $0) }
        let output = takeTemporary()
        instructions.append(make(inputs, output))
        operands.forEach { release($0) }
        return Value(type: type, operand: .register(output))
    }

    /// One instruction that reads texts or times, and numbers beside them.
    mutating func emit(
        columns operands: [Operand], _ type: ExpressionType,
        _ make: ([FunctionOperand], RegisterIndex) -> ExpressionInstruction
    ) -> Value {
        let inputs: [FunctionOperand] = operands.map {
            switch $0 {
            case .text(let field): .text(field)
            case .time(let place): .time(place)
            case .constant, .register: .register(register(of: $0))
            case .literal: preconditionFailure("a text literal in a column")
            }
        }
        let output = takeTemporary()
        instructions.append(make(inputs, output))
        operands.forEach { release($0) }
        return Value(type: type, operand: .register(output))
    }

    private mutating func fold(
        _ type: ExpressionType, _ known: [Double], at index: NodeIndex,
        _ make: ([RegisterIndex], RegisterIndex) -> ExpressionInstruction
    ) -> Value {
        let instruction = make(known.indices.map { ~$0 }, 0)
        var result = Double.nan
        var constants = known
        let inputs = ExpressionInputs()
        withUnsafePointer(to: inputs) { inputs in
            withUnsafeMutablePointer(to: &result) { result in
                constants.withUnsafeMutableBufferPointer { constants in
                    guard let constants = constants.baseAddress else { return }
                    ExpressionFrame(
                        temporaries: result, constants: constants, stride: 1, inputs: inputs, firstRow: 0, rows: 1
                    ).execute(instruction)
                }
            }
        }
        if result.isNaN, !known.contains(where: \.isNaN) {
            report(.alwaysMissing, "\(quoted(source(of: index))) is missing for every event", at: index)
        }
        return Value(type: type, operand: .constant(result))
    }
}
