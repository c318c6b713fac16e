import Events

/// One block of rows of a running program: where its registers and inputs are.
struct ExpressionFrame {
    let temporaries: UnsafeMutablePointer<Double>
    let constants: UnsafeMutablePointer<Double>
    /// From one register to the next, in values.
    let stride: Int
    let inputs: UnsafePointer<ExpressionInputs>
    let firstRow: Int
    let rows: Int

    @inline(__always)
    func register(_ index: RegisterIndex) -> UnsafeMutablePointer<Double> {
        index >= 0 ? temporaries + index &* stride : constants + ~index &* stride
    }

    @inline(__always)
    func values(_ index: RegisterIndex) -> UnsafePointer<Double> { UnsafePointer(register(index)) }

    @inline(__always)
    func words(_ field: FieldIndex) -> UnsafePointer<Int64> {
        UnsafePointer(inputs.pointee.words[field.rawValue] + firstRow)
    }

    @inline(__always)
    func presence(_ field: FieldIndex) -> UnsafePointer<UInt8> {
        UnsafePointer(inputs.pointee.presence[field.rawValue] + firstRow)
    }

    func texts(_ field: FieldIndex) -> TextColumn {
        guard let bytes = inputs.pointee.stringBytes else { preconditionFailure("a text field without a batch") }
        return TextColumn(
            words: words(field), presence: presence(field), bytes: bytes, bytesCount: inputs.pointee.stringBytesCount)
    }

    func times(_ place: TimePlace) -> TimeColumn {
        switch place {
        case .field(let field): return TimeColumn(words: words(field), presence: presence(field))
        case .eventTime:
            guard let times = inputs.pointee.eventTimes else { preconditionFailure("event times without a batch") }
            return TimeColumn(words: times + firstRow, presence: nil)
        }
    }

    func execute(_ instruction: ExpressionInstruction) {
        switch instruction {
        case .load(let column, let output): load(column, into: register(output))
        case .negate(let x, let output):
            mapRows(values(x), rows: rows, into: register(output)) { $0 == $0 ? -$0 : .nan }
        case .not(let x, let output):
            mapRows(values(x), rows: rows, into: register(output)) { $0 == $0 ? ($0 == 0 ? 1 : 0) : .nan }
        case .binary(let applied, let x, let y, let output):
            binary(applied, values(x), values(y), into: register(output))
        case .choose(let condition, let x, let y, let output):
            choose(values(condition), values(x), values(y), into: register(output))
        case .numberIn(let x, let list, let negated, let output):
            numberIn(values(x), list, negated: negated, into: register(output))
        case .textIn(let field, let list, let negated, let output):
            textIn(texts(field), list, negated: negated, into: register(output))
        case .textsEqual(let x, let y, let negated, let output):
            textsEqual(texts(x), texts(y), negated: negated, into: register(output))
        case .times(let comparison, let x, let y, let output):
            compare(times(x), times(y), comparison, into: register(output))
        case .call(let kernel, let operands, let output):
            kernel(FunctionArguments(operands: operands, frame: self), register(output))
        }
    }

    // MARK: Loads

    private func load(_ column: ColumnLoad, into output: UnsafeMutablePointer<Double>) {
        switch column {
        case .integer(let field): loadWords(field, into: output) { Double($0) }
        case .decimal(let field, let divisor): loadWords(field, into: output) { Double($0) / divisor }
        case .bool(let field): loadWords(field, into: output) { $0 == 0 ? 0 : 1 }
        case .float(let field):
            loadWords(field, into: output) { missingUnlessFinite(Double(bitPattern: UInt64(bitPattern: $0))) }
        case .feature(let slot): loadFeature(slot, into: output) { missingUnlessFinite($0) }
        case .boolFeature(let slot): loadFeature(slot, into: output) { $0 == $0 ? ($0 == 0 ? 0 : 1) : .nan }
        case .score:
            guard let scores = inputs.pointee.scores else { preconditionFailure("a score without scores") }
            let stride = inputs.pointee.scoreStride
            let start = scores + firstRow &* stride
            for row in 0..<rows { output[row] = missingUnlessFinite(start[row &* stride]) }
        case .modelScore(let model):
            guard let scores = inputs.pointee.modelScores else { preconditionFailure("a model without scores") }
            let start = scores + (model &* inputs.pointee.modelScoreStride &+ firstRow)
            for row in 0..<rows { output[row] = missingUnlessFinite(start[row]) }
        }
    }

    @inline(__always)
    private func loadWords(_ field: FieldIndex, into output: UnsafeMutablePointer<Double>, _ body: (Int64) -> Double) {
        let words = words(field)
        let presence = presence(field)
        for row in 0..<rows {
            let value = body(words[row])
            output[row] = presence[row] == Presence.present ? value : .nan
        }
    }

    @inline(__always)
    private func loadFeature(_ slot: Int, into output: UnsafeMutablePointer<Double>, _ body: (Double) -> Double) {
        guard let features = inputs.pointee.features else { preconditionFailure("a feature without features") }
        let stride = inputs.pointee.featureRowStride
        let start = features + (firstRow &* stride &+ slot &* inputs.pointee.featureSlotStride)
        if stride == 1 {
            for row in 0..<rows { output[row] = body(start[row]) }
        } else {
            for row in 0..<rows { output[row] = body(start[row &* stride]) }
        }
    }
}
