import Models

/// A table whose columns are a model's inputs: in any order where they share names with the model's, else in the model's.
///
/// What the model does not know is passed over, if every input is there: nothing is predicted from the wrong table.
final class ModelTable {
    private let table: NumberTableReader
    private let width: Int
    /// For each of the table's columns the model's input that it holds; `nil`: none.
    private let places: [Int?]
    private var row: [Double] = []
    /// Columns that are no inputs, and are handed on with each row.
    let keptColumns: [String]
    /// Columns that are neither inputs nor kept.
    let passedOver: [String]

    /// - Parameter keep: columns to hand on, in this order, behind the first where that is no input: in the rows of a
    ///   replay it holds the events' ids.
    init(model: Model, path: String, keep: [String] = []) throws {
        table = try NumberTableReader(path: path)
        width = model.featureCount
        let places = try Self.places(of: table, in: model)
        self.places = places
        var kept = places[0] == nil ? [0] : []
        for name in keep {
            guard let column = table.columns.firstIndex(of: name) else {
                throw ReplayFailure(.environment, "--keep: \(path) has no column \"\(name)\"")
            }
            if !kept.contains(column) { kept.append(column) }
        }
        keptColumns = kept.map { [table] in table.columns[$0] }
        passedOver = table.columns.indices.filter { places[$0] == nil && !kept.contains($0) }
            .map { [table] in table.columns[$0] }
        table.read(only: Set(places.indices.filter { places[$0] != nil }), keeping: kept)
    }

    private static func places(of table: NumberTableReader, in model: Model) throws -> [Int?] {
        let names = model.featureNames
        let count = table.columns.count
        // Names that share nothing are no names for the same things: LightGBM calls what it was not told "Column_0".
        if Set(names).isDisjoint(with: table.columns) {
            guard count == model.featureCount else {
                throw ReplayFailure(
                    .environment,
                    "\(table.path): \(count) columns, none with the name of an input, where the model has "
                        + "\(model.featureCount) inputs")
            }
            return Array(0..<count)
        }
        var numbers: [String: Int] = [:]
        for (number, name) in names.enumerated() { numbers[name] = number }
        let places: [Int?] = try table.columns.map { column in
            if let place = numbers.removeValue(forKey: column) { return place }
            if !names.contains(column) { return nil }
            throw ReplayFailure(.environment, "\(table.path): column \"\(column)\" is there twice")
        }
        if let missing = names.first(where: { numbers[$0] != nil }) {
            let known = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
            throw ReplayFailure(
                .environment,
                "\(table.path): no column \"\(missing)\", which is an input of the model, whose inputs are \(known)")
        }
        return places
    }

    /// Appends the next row, in the model's order; false: there is none.
    func appendRow(to values: inout [Double]) throws -> Bool {
        guard try table.next(into: &row) else { return false }
        let start = values.count
        values.append(contentsOf: repeatElement(.nan, count: width))
        for (value, place) in zip(row, places) {
            if let place { values[start + place] = value }
        }
        return true
    }

    /// Appends the last row's cells of columns that are kept, as they are written, a comma behind each.
    func appendKept(to text: inout [UInt8]) {
        for cell in table.kept {
            text += cell
            text.append(UInt8(ascii: ","))
        }
    }
}
