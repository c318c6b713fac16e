import Models

/// Gathers the inputs of rows and shows them to a forest's trainer.
struct TrainingRows {
    let names: [String]
    private let missing: Double
    private var trainer: IsolationForestTrainer
    private var row: [Double]

    /// - Parameter missing: counts as missing beside NaN.
    /// - Throws: a usage failure that names the bound.
    init(names: [String], missing: Double?, parameters: IsolationForestParameters) throws(ReplayFailure) {
        if let problem = parameters.problem(inputCount: names.count) { throw ReplayFailure(.usage, problem) }
        self.names = names
        self.missing = missing ?? .nan
        trainer = IsolationForestTrainer(inputs: names, parameters: parameters)
        row = [Double](repeating: .nan, count: names.count)
    }

    /// - Parameter value: that of the input with a number.
    mutating func add(_ value: (Int) -> Double) {
        for input in row.indices {
            let value = value(input)
            row[input] = value == missing ? .nan : value
        }
        row.withUnsafeBufferPointer { trainer.add($0) }
    }

    var rowCount: Int { trainer.rowCount }

    /// - Throws: where no row came.
    func train(of what: String) throws(ReplayFailure) -> IsolationForest {
        if rowCount == 0 { throw ReplayFailure(.environment, "no rows to train on: \(what)") }
        return trainer.train()
    }
}
