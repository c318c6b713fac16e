extension ParsedExpression {
    /// An expression's meaning as text, whatever blanks and parentheses it is written with: its nodes in the order in
    /// which they are computed, operators behind their operands.
    ///
    /// Complexity: O(nodes).
    func canonicalText(of root: NodeIndex) -> String {
        nodes[nodes[root].first...root].map(\.canonicalText).joined(separator: " ")
    }
}

extension ExpressionNode {
    fileprivate var canonicalText: String {
        switch kind {
        case .number(let number): "\(number)"
        case .duration(let microseconds): "\(microseconds)us"
        case .bool(let isTrue): "\(isTrue)"
        // With its length: whatever stands in it, it ends where it ends.
        case .text(let text): "\"\(text.utf8.count):\(text)"
        case .name(let name): name
        case .negate: "negate"
        case .not: "not"
        case .binary(let written, _, _): written.rawValue
        case .member(_, let list, let negated): "\(negated ? "not-in" : "in")/\(list.count)"
        case .choose: "if"
        case .call(let name, _, let arguments): "\(name)/\(arguments.count)"
        }
    }
}
