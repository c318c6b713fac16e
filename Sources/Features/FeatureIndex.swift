/// A feature's place in the pipeline's list, which is the model's input order.
public struct FeatureIndex: Hashable, Comparable, Sendable {
    public let rawValue: Int
    public init(_ rawValue: Int) { self.rawValue = rawValue }
    public static func < (left: FeatureIndex, right: FeatureIndex) -> Bool { left.rawValue < right.rawValue }
}
