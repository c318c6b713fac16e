import CSimdjson

/// Which simdjson events are read with.
public enum Simdjson {
    /// The version that was built against, such as `3.0.1`.
    public static var version: String {
        var parts: [Int32] = [0, 0, 0]
        riffle_simdjson_version(&parts)
        return parts.map { "\($0)" }.joined(separator: ".")
    }
}
