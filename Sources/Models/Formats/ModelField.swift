import Events

/// A value of a model file in JSON or UBJSON with its place in it, so that whatever is wrong can be named.
struct ModelField {
    private enum Value {
        case json(JSONValue)
        case ubjson(UBJSONValue)
    }

    private let value: Value
    /// Dotted, as in `learner.objective.name`; empty at the root.
    let place: String

    private init(_ value: Value, place: String) {
        self.value = value
        self.place = place
    }

    init(_ document: JSONDocument) { self.init(.json(document.root), place: "") }

    init(_ document: UBJSONDocument) { self.init(.ubjson(document.root), place: "") }

    private var isObject: Bool {
        switch value {
        case .json(let value): value.kind == .object
        case .ubjson(let value): value.isObject
        }
    }

    private var text: String? {
        switch value {
        case .json(let value): value.string
        case .ubjson(let value): value.string
        }
    }

    private var int64: Int64? {
        switch value {
        case .json(let value): value.int64
        case .ubjson(let value): value.int64
        }
    }

    func member(_ key: String) -> ModelField? {
        let place = place.isEmpty ? key : "\(place).\(key)"
        switch value {
        case .json(let value): return value[key].map { ModelField(.json($0), place: place) }
        case .ubjson(let value): return value.member(key).map { ModelField(.ubjson($0), place: place) }
        }
    }

    func required(_ key: String) throws(ModelFailure) -> ModelField {
        guard isObject else { throw wrongType("an object") }
        guard let found = member(key) else {
            throw ModelFailure(.missingField, "no field \"\(key)\"", at: place.isEmpty ? nil : place)
        }
        return found
    }

    func string() throws(ModelFailure) -> String {
        guard let text else { throw wrongType("a string") }
        return text
    }

    func elements() throws(ModelFailure) -> [ModelField] {
        let elements: [Value]? =
            switch value {
            case .json(let value): value.elements.map { $0.map { .json($0) } }
            case .ubjson(let value): value.elements.map { $0.map { .ubjson($0) } }
            }
        guard let elements else { throw wrongType("an array") }
        return elements.enumerated().map { ModelField($1, place: "\(place)[\($0)]") }
    }

    func strings() throws(ModelFailure) -> [String] {
        var result: [String] = []
        for element in try elements() { result.append(try element.string()) }
        return result
    }

    /// An integer, written as a number or (as XGBoost does) as a string of digits.
    func integer() throws(ModelFailure) -> Int {
        if let int64 { return Int(int64) }
        guard let text else { throw wrongType("an integer") }
        guard let number = Int(text) else { throw ModelFailure(.badNumber, "not an integer", at: place) }
        return number
    }

    func floats() throws(ModelFailure) -> [Float] {
        switch value {
        case .json(let value): do { return try value.floats() } catch { throw bulk(error, "a number") }
        case .ubjson(let value): do { return try value.floats() } catch { throw bulk(error, "a number") }
        }
    }

    /// Of JSON only: nothing in UBJSON is read in float64.
    func doubles() throws(ModelFailure) -> [Double] {
        guard case .json(let value) = value else { throw wrongType("an array of JSON") }
        do { return try value.doubles() } catch { throw bulk(error, "a number") }
    }

    func int32s() throws(ModelFailure) -> [Int32] {
        let wanted = "an integer of 32 bits"
        switch value {
        case .json(let value): do { return try value.int32s() } catch { throw bulk(error, wanted) }
        case .ubjson(let value): do { return try value.int32s() } catch { throw bulk(error, wanted) }
        }
    }

    func bytes() throws(ModelFailure) -> [UInt8] {
        switch value {
        case .json(let value): do { return try value.bytes() } catch { throw bulk(error, "0 or 1") }
        case .ubjson(let value): do { return try value.octets() } catch { throw bulk(error, "0 or 1") }
        }
    }

    func wrongType(_ wanted: String) -> ModelFailure {
        let kind =
            switch value {
            case .json(let value): value.kind.rawValue
            case .ubjson(let value): value.kind
            }
        return ModelFailure(.wrongType, "\(kind) where \(wanted) is wanted", at: place.isEmpty ? nil : place)
    }

    private func bulk(_ failure: JSONArrayFailure, _ wanted: String) -> ModelFailure {
        switch failure {
        case .notAnArray: wrongType("an array")
        case .element(let index): ModelFailure(.wrongType, "not \(wanted)", at: "\(place)[\(index)]")
        }
    }

    private func bulk(_ failure: UBJSONValue.ArrayFailure, _ wanted: String) -> ModelFailure {
        switch failure {
        case .notAnArray: wrongType("an array")
        case .element(let index): ModelFailure(.wrongType, "not \(wanted)", at: "\(place)[\(index)]")
        }
    }
}
