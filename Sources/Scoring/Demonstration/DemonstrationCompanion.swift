public import Generation

/// What watches the scores of a demonstration for drift, beside its pipeline.
///
/// `prepare` and `watch` are each called once, one after the other, on a thread of their own; the rest from any thread.
public protocol DemonstrationCompanion: AnyObject, Sendable {
    /// Learns what the scores of a history are like; blocks.
    ///
    /// - Parameters:
    ///   - history: what is sent before the live part.
    ///   - firstDay: days before it only fill windows.
    func prepare(_ history: CardTransactionOptions, from firstDay: Int) throws
    /// Reads the scores that come from now on, until it is told to stop; blocks.
    func watch(brokers: String) throws
    /// Ends `prepare` soon, or `watch` in order.
    func requestStop()
    var status: DriftStatus { get }
}
