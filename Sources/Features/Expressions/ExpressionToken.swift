/// A word or sign of an expression.
struct ExpressionToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case number(Double)
        /// `7d`, in microseconds.
        case duration(Int64)
        case text(String)
        /// A name, with its qualifier if it has one: `labels.tx_fraud` is one token.
        case name(String)
        case keyword(Keyword)
        case symbol(Symbol)
        case end
    }

    enum Keyword: String, Hashable, Sendable, CaseIterable {
        case and
        case or
        case not
        case `in`
        case `if`
        case then
        case `else`
        case `true`
        case `false`
    }

    enum Symbol: String, Hashable, Sendable, CaseIterable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case dividedBy = "/"
        case percent = "%"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
        case open = "("
        case close = ")"
        case openList = "["
        case closeList = "]"
        case comma = ","
    }

    let kind: Kind
    /// In Unicode scalars from the text's start.
    let offsets: Range<Int>
}
