/// What the elements of a tensor are. All are kept as float64, which holds each of them exactly (integers up to 2^53).
enum ElementType: Hashable, Sendable {
    case float, double, int, bool, text

    /// Results of arithmetic are rounded to float32.
    var isSingle: Bool { self == .float }
    var isReal: Bool { self == .float || self == .double }

    /// By its number in onnx.proto; `nil`: it is not read.
    init?(number: Int) {
        switch number {
        case ONNXTensor.Kind.float: self = .float
        case ONNXTensor.Kind.double: self = .double
        case ONNXTensor.Kind.bool: self = .bool
        case ONNXTensor.Kind.string: self = .text
        default:
            guard ONNXTensor.Kind.integers[number] != nil else { return nil }
            self = .int
        }
    }

    func round(_ x: Double) -> Double { isSingle ? Double(Float(x)) : x }
}

/// A tensor of the graph while it is compiled: known already, or computed for each row.
struct GraphValue {
    /// In place of a dimension's size: this dimension counts the rows.
    static let rows = -1
    /// In a tensor of integers that holds a shape: the number of rows, which is not known. Arithmetic keeps it NaN.
    static let rowsMarker = Double.nan

    enum Storage {
        case constant(FrozenArray<Double>)
        /// The number of the buffer.
        case buffer(Int)
        case texts([String])
    }

    var type: ElementType
    /// At most one of them is `rows`; a constant has none.
    var dims: [Int]
    var storage: Storage
    /// Class probabilities: of two columns the second is the score.
    var isProbabilities = false

    /// Numbers for each row (all, of a constant): the product of the dimensions that do not count rows.
    var width: Int { dims.reduce(1) { $1 == Self.rows ? $0 : $0 * $1 } }
    var isConstant: Bool { rowAxis == nil }
    var rowAxis: Int? { dims.firstIndex(of: Self.rows) }

    /// What a constant holds.
    var numbers: [Double]? {
        guard case .constant(let array) = storage else { return nil }
        return Array(UnsafeBufferPointer(start: array.start, count: array.count))
    }
}

/// Where a step finds an input.
struct Operand: Sendable {
    /// `nil`: it is a constant.
    let buffer: Int?
    let constant: FrozenArray<Double>?
    /// Numbers in a row.
    let width: Int
    /// Numbers from row to row; 0 for a constant.
    let stride: Int
}

/// What a step sees of the block of rows that is computed.
struct RowBlock {
    /// Where the buffers are, one behind the other.
    let scratch: UnsafeMutablePointer<Double>
    /// Where each buffer begins in `scratch`.
    let offsets: UnsafePointer<Int>
    let rowCount: Int

    @inline(__always)
    func start(_ operand: Operand) -> UnsafePointer<Double> {
        if let buffer = operand.buffer { return UnsafePointer(scratch + offsets[buffer]) }
        return operand.constant!.start
    }
}

/// One operator over a block of rows: `width` numbers a row, one row behind the other, from inputs that are laid out so
/// too.
///
/// A step whose inputs are all constants is run once, while the graph is compiled, as if over one row.
protocol RowStep: Sendable {
    var operands: [Operand] { get }
    /// Numbers a row that it needs behind its output while it runs.
    var extraWidth: Int { get }
    /// For each number of the result the input of the graph that it is made from, given the same of the operands;
    /// `nil`: from several. For explanations.
    func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]?
    func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>)
}

extension RowStep {
    var extraWidth: Int { 0 }
    func sources(_ known: (Operand) -> [ColumnSource]) -> [ColumnSource]? { nil }
}

/// What a number of a row is made from.
enum ColumnSource: Hashable, Sendable {
    case input(Int)
    case constant
    case several

    /// Of a number made from two.
    func joined(_ other: ColumnSource) -> ColumnSource {
        if self == other || other == .constant { return self }
        return self == .constant ? other : .several
    }
}
