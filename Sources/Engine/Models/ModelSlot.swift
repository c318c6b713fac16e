import Synchronization

/// Where a running engine finds the models of its next batch; whoever reads a new model file puts another set there.
public final class ModelSlot: Sendable {
    private let place: Mutex<ModelSet>

    public init(_ models: ModelSet) { place = Mutex(models) }

    /// The set for the next batch; replaced from any thread, read once a batch.
    public var models: ModelSet {
        get { place.withLock { $0 } }
        set { place.withLock { $0 = newValue } }
    }
}
