public import Events

/// Scores of a history, batch by batch.
public protocol ScoreSource: AnyObject {
    /// What it is called in messages.
    var name: String { get }
    /// Of its batches: that of a `ScoreRecordSchema`, in any layout.
    var schema: EventSchema { get }
    /// Fills an empty batch; one that stays empty is the end. Rows that cannot be read have a fault.
    func fill(_ batch: EventBatch) throws
}

extension ScoreFileReader: ScoreSource {}
