/// Hears of what happens to a consumer. Called on the poll thread, inside `poll` and `close` only.
public protocol KafkaConsumerDelegate: AnyObject {
    /// The group has given partitions to this instance: answer with the offset where each is to be read, in their
    /// order.
    ///
    /// `startOffsets(of:otherwise:)` is the usual answer. Nothing is read before it returns; what it throws ends the
    /// assignment and is thrown by `poll`. An instance beyond the number of partitions is given none.
    func assigned(
        _ partitions: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
    ) throws(KafkaFailure) -> [Int64]
    /// The group takes all partitions back: finish, `commitAndWait`, and return soon, since the group waits.
    /// Not called where there are none.
    func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer)
    /// The partitions are already another instance's: drop what is unfinished, commit nothing.
    func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer)
    /// An asynchronous commit is done.
    func committed(_ report: CommitReport)
    /// Something is wrong that belongs to no partition. Most pass by themselves; look at `isFatal`.
    func failed(_ failure: KafkaFailure)
}
