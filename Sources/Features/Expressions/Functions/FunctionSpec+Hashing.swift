extension FunctionSpec {
    /// The hash is `KeyHash.fixed`, which is the same for all time and on all machines: a model's input depends on it.
    static let bucket = FunctionSpec(
        "bucket", [Parameter("text", [.text]), Parameter("n")],
        summary: "One of the whole numbers 0 to `n` - 1 by a hash of the text's bytes, which never changes; missing "
            + "where `n` is no whole number from 1 to 2^32.",
        examples: [
            Example("bucket(channel, 10)", 4), Example("bucket(channel, 1_000_000)", 405_412),
            Example("bucket(channel, 0)", nil),
        ],
        kernel: { arguments, output in
            let (texts, counts) = (arguments.texts(0), arguments.numbers(1))
            for row in 0..<arguments.rows {
                let count = counts[row]
                // Also false where the count is missing.
                guard let bytes = texts.bytes(row), count >= 1, count <= 4_294_967_296, count == count.rounded() else {
                    output[row] = .nan
                    continue
                }
                output[row] = Double(place(of: bytes, among: UInt64(count)))
            }
        })

    /// The high half of the hash chooses, evenly for any count: its product with the count is below 2^64.
    @inline(__always)
    private static func place(of bytes: UnsafeBufferPointer<UInt8>, among count: UInt64) -> UInt64 {
        var nothing: UInt8 = 0
        let hash = bytes.baseAddress.map { KeyHash.fixed($0, count: bytes.count) } ?? KeyHash.fixed(&nothing, count: 0)
        return (hash >> 32).multipliedFullWidth(by: count).low >> 32
    }
}
