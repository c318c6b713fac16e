/// What can be asked of a running engine; no answer changes it.
public enum StateQuestion: Hashable, Sendable {
    /// The record that an event of the scored source would get as the next one, as a producer would send it.
    case score(event: [UInt8])
    /// The same with the values of all features, and with reasons whatever the pipeline says about when.
    case explain(event: [UInt8])
    /// The features of one key of an entity at the watermark, without an event.
    case features(entity: String, key: String)
}

/// What the engine says.
public enum StateAnswer: Hashable, Sendable {
    /// JSON: a record; or what `explain` and `features` have in `docs/reference/openapi.json`.
    case answer(String)
    /// The event is none that would be scored: the code and place of its fault.
    case unsound(code: String, text: String)
    /// There is no such entity, or nothing is known of the key.
    case unknown(String)
    /// Not now: state is being restored, no partitions are assigned, or there are too many questions.
    case busy(String)
    /// Nobody waits for the answer any more.
    case abandoned
}
