public import Models

/// All rows of a table in a model's input order, in memory.
public struct ModelRows {
    /// Row-major, as many numbers a row as the model has inputs; NaN is a missing value.
    public let values: [Double]
    public let count: Int

    /// - Throws: `ReplayFailure` where the table cannot be read, or is not of the model's inputs.
    public init(model: Model, path: String) throws {
        let table = try ModelTable(model: model, path: path)
        var values: [Double] = []
        var count = 0
        while try table.appendRow(to: &values) { count += 1 }
        self.values = values
        self.count = count
    }
}
