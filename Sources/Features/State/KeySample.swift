public import Events

/// A share of all keys that is the same everywhere and always: by the hash that is fixed for all machines.
public struct KeySample: Hashable, Sendable {
    private let field: FieldIndex
    private let isText: Bool
    /// Keys whose hash's low half is below it are in.
    private let bound: UInt64

    /// - Parameters:
    ///   - field: a `string` or an `int` of `schema`.
    ///   - share: of all keys, from 0 to 1. A larger one holds all keys of a smaller one.
    public init(_ field: FieldIndex, of schema: EventSchema, share: Double) {
        precondition((0...1).contains(share), "a share of \(share)")
        self.field = field
        isText = schema.fields[field.rawValue].type == .string
        // The high half chooses a key's shard.
        bound = UInt64(share * 4_294_967_296)
    }

    /// Whether the row's key is in; false where it has none. Complexity: O(bytes of the key).
    public func includes(_ row: Int, of batch: EventBatch) -> Bool {
        guard batch.presence[field.rawValue][row] == Presence.present else { return false }
        let hash: UInt64
        if isText {
            let bytes = batch.string(field, row: row)
            hash = bytes.baseAddress.map { KeyHash.fixed(UnsafeRawPointer($0), count: bytes.count) } ?? 0
        } else {
            hash = KeyHash.fixed(UnsafeRawPointer(batch.words[field.rawValue] + row), count: 8)
        }
        return hash & 0xFFFF_FFFF < bound
    }
}
