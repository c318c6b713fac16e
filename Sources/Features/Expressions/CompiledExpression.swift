public import Diagnostics
public import Events

/// A name that an expression reads, and what it stands for.
public struct ExpressionReference: Hashable, Sendable {
    public let name: String
    public let binding: ExpressionBinding
    public let range: SourceRange
}

/// An expression that is checked and ready to run over columns.
///
/// Values are doubles: missing is NaN (always the same bits), false is 0 and true is 1. Whatever an operation cannot
/// give as a finite number (overflow, division by zero, a logarithm of a negative number) is missing. Missing spreads
/// through arithmetic, comparisons and most functions; `and`, `or` and `not` follow Kleene's three-valued logic: a
/// known operand that decides alone decides.
public struct CompiledExpression: Sendable {
    public let type: ExpressionType
    /// Every name that is read, in the order of the text, repeated where it repeats.
    public let references: [ExpressionReference]
    /// Where the expression stands in the file.
    public let range: SourceRange
    /// The value, if it is the same for every event; NaN if it is always missing.
    public let constant: Double?
    /// Registers that `ExpressionScratch` has to have.
    public let registerCount: Int

    /// The same for expressions that are written alike but for blanks and parentheses; names stand for themselves.
    public let canonicalText: String

    let instructions: [ExpressionInstruction]
    let constants: [Double]
    let temporaryCount: Int
    /// The register that holds the value in the end; `nil` for texts and times.
    let result: RegisterIndex?
    /// The whole expression is one name.
    let isBareName: Bool

    /// The field, if the expression is nothing but a field of type `int`, `decimal` or `bool`: its words can be summed
    /// exactly.
    public var plainField: FieldIndex? {
        guard case .field(let index, let type)? = bareBinding?.place else { return nil }
        switch type {
        case .int, .decimal, .bool: return index
        case .float, .string, .time: return nil
        }
    }

    /// What the expression stands for, if it is nothing but a name. Expressions of type `text` and `time` always are.
    public var bareBinding: ExpressionBinding? { isBareName ? references.first?.binding : nil }

    /// It reads a label, or something that was computed from one.
    public var readsLabel: Bool { references.contains { $0.binding.isLabel } }

    /// Computes the value of each row of `rows`; the first goes to `output[0]`, the next to `output[outputStride]`.
    ///
    /// Only for expressions of type `number` and `bool`. A row's value depends on that row alone, so that any division
    /// of a batch into ranges gives the same bits. `output` may lie in `inputs.features`, in a slot that the expression
    /// does not read.
    /// Complexity: O(rows x instructions); allocates nothing.
    public func evaluate(
        _ inputs: ExpressionInputs, rows: Range<Int>, scratch: ExpressionScratch,
        into output: UnsafeMutablePointer<Double>, outputStride: Int = 1
    ) {
        guard let result else { preconditionFailure("an expression of type \(type.rawValue) has no number to compute") }
        precondition(
            scratch.registerCount >= registerCount, "\(scratch.registerCount) registers, \(registerCount) needed")
        let blockRows = ExpressionScratch.blockRows
        let constantRegisters = scratch.registers + temporaryCount &* blockRows
        for index in constants.indices {
            let register = constantRegisters + index &* blockRows
            register.update(repeating: constants[index], count: min(blockRows, rows.count))
        }
        withUnsafePointer(to: inputs) { inputs in
            var firstRow = rows.lowerBound
            var output = output
            while firstRow < rows.upperBound {
                let frame = ExpressionFrame(
                    temporaries: scratch.registers, constants: constantRegisters, stride: blockRows, inputs: inputs,
                    firstRow: firstRow, rows: min(blockRows, rows.upperBound - firstRow))
                for index in instructions.indices { frame.execute(instructions[index]) }
                let values = frame.values(result)
                for row in 0..<frame.rows { output[row &* outputStride] = values[row] }
                firstRow += frame.rows
                output += frame.rows &* outputStride
            }
        }
    }
}
