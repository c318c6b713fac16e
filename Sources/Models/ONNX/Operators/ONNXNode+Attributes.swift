extension ONNXNode {
    func int(_ name: String) -> Int? { attributes[name]?.int.map { Int($0) } }
    func float(_ name: String) -> Double? { attributes[name]?.float.map { Double($0) } }
    func text(_ name: String) -> String? { attributes[name]?.text }
    func floats(_ name: String) -> [Double] { attributes[name]?.floats.map { Double($0) } ?? [] }
    func ints(_ name: String) -> [Int] { attributes[name]?.ints.map { Int($0) } ?? [] }

    /// Integers of an attribute that may be left out, as axes are.
    func optionalInts(_ name: String) -> [Int]? { attributes[name].map { $0.ints.map { Int($0) } } }
}
