import Events

/// A value of a model file with its place in it, so that whatever is wrong can be named.
struct JSONField {
    let value: JSONValue
    /// Dotted, as in `learner.objective.name`; empty at the root.
    let place: String

    func member(_ key: String) -> JSONField? {
        value[key].map { JSONField(value: $0, place: place.isEmpty ? key : "\(place).\(key)") }
    }

    func required(_ key: String) throws(ModelFailure) -> JSONField {
        guard value.kind == .object else { throw wrongType("an object") }
        guard let found = member(key) else {
            throw ModelFailure(.missingField, "no field \"\(key)\"", at: place.isEmpty ? nil : place)
        }
        return found
    }

    func string() throws(ModelFailure) -> String {
        guard let text = value.string else { throw wrongType("a string") }
        return text
    }

    func elements() throws(ModelFailure) -> [JSONField] {
        guard let elements = value.elements else { throw wrongType("an array") }
        return elements.enumerated().map { JSONField(value: $1, place: "\(place)[\($0)]") }
    }

    func strings() throws(ModelFailure) -> [String] {
        var result: [String] = []
        for element in try elements() { result.append(try element.string()) }
        return result
    }

    /// An integer, written as a number or (as XGBoost does) as a string of digits.
    func integer() throws(ModelFailure) -> Int {
        if let number = value.int64 { return Int(number) }
        guard let text = value.string else { throw wrongType("an integer") }
        guard let number = Int(text) else { throw ModelFailure(.badNumber, "not an integer", at: place) }
        return number
    }

    func floats() throws(ModelFailure) -> [Float] {
        do { return try value.floats() } catch { throw bulk(error, "a number") }
    }

    func int32s() throws(ModelFailure) -> [Int32] {
        do { return try value.int32s() } catch { throw bulk(error, "an integer of 32 bits") }
    }

    func bytes() throws(ModelFailure) -> [UInt8] {
        do { return try value.bytes() } catch { throw bulk(error, "0 or 1") }
    }

    func wrongType(_ wanted: String) -> ModelFailure {
        ModelFailure(
            .wrongType, "\(value.kind.rawValue) where \(wanted) is wanted", at: place.isEmpty ? nil : place)
    }

    private func bulk(_ failure: JSONArrayFailure, _ wanted: String) -> ModelFailure {
        switch failure {
        case .notAnArray: wrongType("an array")
        case .element(let index): ModelFailure(.wrongType, "not \(wanted)", at: "\(place)[\(index)]")
        }
    }
}
