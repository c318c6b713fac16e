import Events

/// A number in a JSON object, by its name or its way down: `a.b` is the member `b` of `a`, if none is named `a.b`.
struct NumberMember {
    enum Reading {
        case number(Double)
        /// None is there; why, for a message.
        case missing(String)
        /// What is there is no number that can be used; why.
        case unusable(String)
    }

    private let path: [String]

    init(_ column: String) {
        path = [column] + (column.contains(".") ? column.split(separator: ".").map(String.init) : [])
    }

    func read(_ record: UnsafeRawBufferPointer) -> Reading {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: record, dialect: .init(acceptsNonFiniteWords: true))
        } catch { return .unusable("\(error.message)") }
        guard document.root.kind == .object else { return .unusable("no JSON object") }
        // A member may have a point in its name; only if none has is it a way down.
        var value = document.root[path[0]]
        if value == nil, path.count > 1 {
            value = document.root
            for name in path.dropFirst() { value = value?.kind == .object ? value?[name] : nil }
        }
        guard let value else { return .missing("no member \"\(path[0])\"") }
        if value.kind == .null { return .missing("\"\(path[0])\" is null") }
        guard let number = value.double else { return .unusable("\"\(path[0])\" is no number but a \(value.kind)") }
        if number.isNaN { return .missing("\"\(path[0])\" is NaN") }
        if number.isInfinite { return .unusable("\"\(path[0])\" is infinite, which no statistic here can use") }
        return .number(number)
    }
}
