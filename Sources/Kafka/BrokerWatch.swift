/// The delegate of a consumer without a group: nobody gives or takes partitions, and brokers that are away come back.
///
/// It belongs to the consumer's thread.
public final class BrokerWatch: KafkaConsumerDelegate {
    /// What waiting does not mend.
    public var fatal: KafkaFailure?
    /// What it may mend.
    public var lastFailure: KafkaFailure?
    private let onFailure: (KafkaFailure) -> Void

    /// - Parameter onFailure: hears each failure, fatal or not.
    public init(_ onFailure: @escaping (KafkaFailure) -> Void = { _ in }) { self.onFailure = onFailure }

    public func assigned(
        _ partitions: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
    ) throws(KafkaFailure) -> [Int64] { partitions.map { $0.committed ?? 0 } }
    public func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer) {}
    public func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer) {}

    public func committed(_ report: CommitReport) {
        if let failure = report.failure { onFailure(failure) }
    }

    public func failed(_ failure: KafkaFailure) {
        if failure.isFatal { fatal = failure } else { lastFailure = failure }
        onFailure(failure)
    }
}
