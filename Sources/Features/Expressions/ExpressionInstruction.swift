import Events

/// A place for one value per row of the block: `0...` counts temporaries, `-1...` counts constants downwards.
typealias RegisterIndex = Int

/// Where a time comes from.
enum TimePlace: Hashable, Sendable {
    case eventTime
    case field(FieldIndex)
}

/// One argument of a function's kernel.
enum FunctionOperand: Hashable, Sendable {
    case register(RegisterIndex)
    case text(FieldIndex)
    case time(TimePlace)
}

/// A column that becomes numbers.
enum ColumnLoad: Hashable, Sendable {
    case integer(FieldIndex)
    /// The divisor is 10^scale, which a double holds exactly up to 10^22: the quotient is rounded once.
    case decimal(FieldIndex, divisor: Double)
    case bool(FieldIndex)
    case float(FieldIndex)
    case feature(slot: Int)
    case boolFeature(slot: Int)
    case score
    case modelScore(Int)
}

/// An operator on two columns of numbers.
enum NumberOperator: Hashable, Sendable {
    case written(BinaryOperator)
    /// `x or default`: the right where the left is missing.
    case otherwise
}

/// One step of a program: it fills its last-named register for all rows of the block.
enum ExpressionInstruction: Sendable {
    case load(ColumnLoad, into: RegisterIndex)
    case negate(RegisterIndex, into: RegisterIndex)
    case not(RegisterIndex, into: RegisterIndex)
    case binary(NumberOperator, RegisterIndex, RegisterIndex, into: RegisterIndex)
    case choose(RegisterIndex, RegisterIndex, RegisterIndex, into: RegisterIndex)
    case numberIn(RegisterIndex, [Double], negated: Bool, into: RegisterIndex)
    case textIn(FieldIndex, [[UInt8]], negated: Bool, into: RegisterIndex)
    case textsEqual(FieldIndex, FieldIndex, negated: Bool, into: RegisterIndex)
    case times(BinaryOperator, TimePlace, TimePlace, into: RegisterIndex)
    case call(FunctionKernel, [FunctionOperand], into: RegisterIndex)
}
