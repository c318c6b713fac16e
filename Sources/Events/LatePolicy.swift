/// What happens to an event that is older than the watermark by more than `afterMicroseconds`.
public struct LatePolicy: Hashable, Sendable {
    public enum Action: Hashable, Sendable { case score, drop, deadLetter }

    public let afterMicroseconds: Int64
    public let action: Action

    public init(afterMicroseconds: Int64, action: Action) {
        self.afterMicroseconds = afterMicroseconds
        self.action = action
    }
}
