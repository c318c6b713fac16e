public import Diagnostics
public import Events

/// What becomes of an event that is late.
public enum LateAction: String, Hashable, Sendable, CaseIterable {
    case score
    case drop
    case deadLetter = "dead-letter"
}

/// One entry of `sources:`.
public struct SourceSpec: Sendable {
    public let name: Located<String>
    public let topic: Located<String>
    /// Ready for the decoder; a field whose type could not be read is not in it.
    public let schema: EventSchema
    /// Orders its events among those of all sources: `schema.time` where the file says nothing else.
    public let available: TimeOrigin
    /// As written, in file order: `fields[i]` is `schema.fields[i]`.
    public let fields: [FieldSpec]
    /// The field that the topic is partitioned by.
    public let key: FieldReference?
    /// The field that names an event in its score.
    public let id: FieldReference?
    public let late: LateSpec
    /// `nil` where they are not written.
    public let lateRange: SourceRange?
    public let aheadRange: SourceRange?

    /// A field by name with its place in the schema.
    public struct FieldReference: Sendable {
        public let name: Located<String>
        public let index: FieldIndex
    }
}

/// One declared field; a field that only `time` names stands where `time` names it.
public struct FieldSpec: Sendable {
    public let name: Located<String>
    public let type: FieldType
    public let isLabel: Bool
}

/// `late:`.
public struct LateSpec: Hashable, Sendable {
    /// An event older than the watermark by more than this is late.
    public let afterMicroseconds: Int64
    public let action: LateAction
}
