import CRdkafka

/// Which member of which generation of a group this instance was: what lets the brokers refuse offsets that come after
/// the partitions have gone to another instance.
///
/// It belongs to the assignment in which it was taken. Sending offsets of that assignment with a later membership would
/// commit for partitions that may not be this instance's any more.
// SAFETY: librdkafka's object is never changed after it was made, and copies are taken of it in each call.
public final class GroupMembership: @unchecked Sendable {
    let pointer: OpaquePointer

    fileprivate init(taking pointer: OpaquePointer) { self.pointer = pointer }

    /// A membership that the group may know or not: for tests of what stale ones meet.
    public convenience init(group: String, generation: Int32, member: String, instance: String? = nil) {
        guard let pointer = rd_kafka_consumer_group_metadata_new_with_genid(group, generation, member, instance) else {
            preconditionFailure("no membership of group \"\(group)\" could be made")
        }
        self.init(taking: pointer)
    }

    deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }
}

extension KafkaConsumer {
    /// The membership as of the current assignment, for `TransactionalProducer.sendOffsets`.
    ///
    /// Take it in the delegate's `assigned`, before anything slow, and keep it with what is read in that assignment.
    /// Fails with `_STATE` where this instance is not, or no longer, a member: a membership without a member's name
    /// would be let through unchecked by the brokers. Blocks for librdkafka's main thread only.
    public func membership() throws(KafkaFailure) -> GroupMembership {
        let member = memberName()
        guard !member.isEmpty, let pointer = rd_kafka_consumer_group_metadata(client.pointer) else {
            throw Self.noMembership
        }
        let membership = GroupMembership(taking: pointer)
        // The session may end between the two questions: names are never used twice.
        guard memberName() == member else { throw Self.noMembership }
        return membership
    }

    private static var noMembership: KafkaFailure {
        KafkaFailure(
            code: RD_KAFKA_RESP_ERR__STATE.rawValue,
            message: "this instance is not a member of the group now", isRetriable: false)
    }

    /// Empty while the group has given this instance no name.
    private func memberName() -> String {
        guard let name = rd_kafka_memberid(client.pointer) else { return "" }
        defer { rd_kafka_mem_free(client.pointer, name) }
        return String(cString: name)
    }
}
