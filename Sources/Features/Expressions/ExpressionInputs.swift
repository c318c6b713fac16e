public import Events

/// The columns that programs read, filled once per batch by whoever runs them.
///
/// It borrows: the batch and the buffers have to outlive it, and because a batch's string store moves while it is being
/// decoded, it is made after decoding. Row `r` of a program is row `r` of the batch, of `features` and of `scores`.
/// Rows with a fault may hold anything: programs give some value there and never read outside of the buffers.
public struct ExpressionInputs {
    let words: [UnsafeMutablePointer<Int64>]
    let presence: [UnsafeMutablePointer<UInt8>]
    let stringBytes: UnsafePointer<UInt8>?
    let stringBytesCount: Int
    let eventTimes: UnsafePointer<Int64>?

    /// The value of slot `s` in row `r` is `features[r * featureRowStride + s * featureSlotStride]`.
    public var features: UnsafePointer<Double>?
    public var featureRowStride = 1
    public var featureSlotStride = 0

    /// The score of row `r` is `scores[r * scoreStride]`.
    public var scores: UnsafePointer<Double>?
    public var scoreStride = 1

    /// What model `m` says of row `r` is `modelScores[m * modelScoreStride + r]`.
    public var modelScores: UnsafePointer<Double>?
    public var modelScoreStride = 0

    public init(batch: EventBatch) {
        words = batch.words
        presence = batch.presence
        stringBytes = UnsafePointer(batch.stringBytes)
        stringBytesCount = batch.stringBytesCount
        eventTimes = UnsafePointer(batch.eventTimes)
    }

    /// For programs that read features and scores only.
    public init() {
        words = []
        presence = []
        stringBytes = nil
        stringBytesCount = 0
        eventTimes = nil
    }
}

/// Working memory of one worker for running programs: never shared between threads at a time.
public final class ExpressionScratch {
    /// Rows that are evaluated together: few enough that a program's registers stay in the first-level cache.
    public static let blockRows = 512

    public let registerCount: Int
    let registers: UnsafeMutablePointer<Double>

    /// Enough for every program whose `registerCount` is at most this.
    public init(registerCount: Int) {
        self.registerCount = max(1, registerCount)
        registers = .allocate(capacity: self.registerCount * Self.blockRows)
        registers.initialize(repeating: 0, count: self.registerCount * Self.blockRows)
    }

    deinit { registers.deallocate() }
}
