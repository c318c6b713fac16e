import Models

/// A table whose columns are a model's inputs: in any order where they share names with the model's, else in the model's.
///
/// Columns that the model does not know are an error, so that nothing is predicted from the wrong table.
final class ModelTable {
    private let table: NumberTableReader
    private let width: Int
    /// For each of the table's columns the model's input that it holds.
    private let places: [Int]
    private var row: [Double] = []

    init(model: Model, path: String) throws {
        table = try NumberTableReader(path: path)
        width = model.featureCount
        places = try Self.places(of: table, in: model)
    }

    private static func places(of table: NumberTableReader, in model: Model) throws -> [Int] {
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
        let places = try table.columns.map { column in
            if let place = numbers.removeValue(forKey: column) { return place }
            let known = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
            throw ReplayFailure(
                .environment,
                names.contains(column)
                    ? "\(table.path): column \"\(column)\" is there twice"
                    : "\(table.path): column \"\(column)\" is no input of the model, whose inputs are \(known); "
                        + "leave it out")
        }
        if let missing = names.first(where: { numbers[$0] != nil }) {
            throw ReplayFailure(
                .environment, "\(table.path): no column \"\(missing)\", which is an input of the model")
        }
        return places
    }

    /// Appends the next row, in the model's order; false: there is none.
    func appendRow(to values: inout [Double]) throws -> Bool {
        guard try table.next(into: &row) else { return false }
        let start = values.count
        values.append(contentsOf: repeatElement(.nan, count: width))
        for (column, value) in row.enumerated() { values[start + places[column]] = value }
        return true
    }
}
