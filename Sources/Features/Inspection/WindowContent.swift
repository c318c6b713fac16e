/// What a window remembers of one event in one value column.
public enum WindowValue: Hashable, Sendable {
    case number(Double)
    /// Of a text only its hash is remembered: equal texts have equal ones.
    case hash(UInt64)
    /// The value is missing, or a filter leaves the event out.
    case missing
}

/// One event as a window remembers it.
public struct WindowEvent: Hashable, Sendable {
    /// Microseconds.
    public let time: Int64
    /// It is the event whose window this is.
    public let isCurrent: Bool
    /// By the value columns of the entity; `missing` for those that only tiles read.
    public let values: [WindowValue]
}

/// What one window of one key held for one event, read out of the state that its features were computed from.
public struct WindowContent: Hashable, Sendable {
    /// What stands in the window.
    public enum Form: Hashable, Sendable {
        /// So many events, the newest of them shown, oldest first.
        case events(count: Int, shown: [WindowEvent])
        /// So many tiles that hold events; the events themselves are not remembered.
        case tiles(count: Int, widthMicroseconds: Int64)
        /// What is known since the beginning, as sums and sketches.
        case everything
    }

    /// Its place among the plan's entities, and in the entity's windows.
    public let entity: Int
    public let window: Int
    /// It covers (after, upTo], in microseconds; `Int64.min` where it has no beginning. Of tiles it is what they cover.
    public let after: Int64
    public let upTo: Int64
    public let form: Form
    /// Whether the event brings a key of this entity.
    public let hasKey: Bool
}
