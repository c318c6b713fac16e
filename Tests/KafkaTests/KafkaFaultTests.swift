import Kafka
import Testing

/// What the brokers answer wrongly: a request that may be made again is, and what no repetition mends is reported as
/// what it is.
@Suite struct KafkaFaultTests {
    private let quick = [
        "fetch.wait.max.ms": "5", "retry.backoff.ms": "20", "reconnect.backoff.max.ms": "100",
        "fetch.error.backoff.ms": "20", "topic.metadata.refresh.fast.interval.ms": "50",
    ]

    private func makeTopic(_ name: String, records: Int, brokers: Int = 1) throws -> EmbeddedCluster {
        let cluster = try EmbeddedCluster(brokersCount: brokers)
        try cluster.createTopic(name, partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, name)
        for index in 0..<records { sender.send("\(index)") }
        try sender.flush()
        return cluster
    }

    // MARK: without a group

    /// MSG_SIZE_TOO_LARGE and TOPIC_AUTHORIZATION_FAILED. That others are sent again: `KafkaProducerTests`.
    @Test(arguments: [10, 29] as [Int32])
    func aRecordThatIsRefusedForGoodComesBackAsRefused(code: Int32) throws {
        let cluster = try makeTopic("refused", records: 0)
        let sender = try Sender(cluster.bootstrapServers, "refused", quick)
        cluster.failNext(.produce, codes: [code])
        sender.send("a")
        try sender.flush()
        #expect(sender.delivered.map(\.errorCode) == [code])
        #expect(sender.delivered.first?.failure?.isRetriable == false)
        // A topic that is denied takes nothing more until its metadata says otherwise; a record's size is its own.
        let outcome = "\(sender.send("b"))"
        #expect(outcome.hasPrefix(code == 29 ? "failed" : "queued"), "\(outcome)")
        try sender.flush()
    }

    /// COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE and a broken connection.
    @Test func aProducersNumberIsAskedForAgain() throws {
        let cluster = try makeTopic("number", records: 0)
        cluster.failNext(.initProducerID, codes: [14, 15, -195])
        let sender = try Sender(cluster.bootstrapServers, "number", quick)
        sender.send("a")
        try sender.flush()
        #expect(sender.delivered.map(\.isDelivered) == [true])
    }

    /// CLUSTER_AUTHORIZATION_FAILED
    @Test func aProducersNumberThatIsDeniedIsFatal() throws {
        let cluster = try makeTopic("denied", records: 0)
        cluster.failNext(.initProducerID, codes: [31])
        let sender = try Sender(cluster.bootstrapServers, "denied", quick)
        sender.send("a")
        try until("the failure") {
            sender.producer.poll(milliseconds: 20)
            return sender.failures.contains { $0.isFatal }
        }
        #expect(sender.failures.first { $0.isFatal }?.name == "CLUSTER_AUTHORIZATION_FAILED")
        #expect("\(sender.send("b"))".hasPrefix("failed"))
    }

    /// NOT_LEADER_FOR_PARTITION, UNKNOWN_SERVER_ERROR, a broken connection.
    @Test(arguments: [6, -1, -195] as [Int32])
    func aFetchIsMadeAgain(code: Int32) throws {
        let cluster = try makeTopic("fetch", records: 10)
        cluster.failNext(.fetch, codes: [code, code])
        let reader = try makeReader(cluster.bootstrapServers, "fetch", from: [0], quick)
        try until("all records") {
            try reader.turn()
            return reader.count >= 10 && reader.ends == [0]
        }
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<10))
        #expect(reader.failures.isEmpty || code == -1, "\(reader.failures)")
    }

    /// TOPIC_AUTHORIZATION_FAILED
    @Test func aFetchThatIsDeniedIsReportedAndLeavesNoGap() throws {
        let cluster = try makeTopic("denied", records: 10)
        cluster.failNext(.fetch, codes: [29])
        let reader = try makeReader(cluster.bootstrapServers, "denied", from: [0], quick)
        try until("a failure") {
            try reader.turn()
            return !reader.failures.isEmpty
        }
        let failure = try #require(reader.failures.first)
        #expect(failure.name == "TOPIC_AUTHORIZATION_FAILED")
        #expect(!failure.isRetriable)
        #expect(failure.topic == "denied")
        #expect(reader.count == 0)
    }

    /// NOT_LEADER_FOR_PARTITION, LEADER_NOT_AVAILABLE, a broken connection.
    @Test(arguments: [6, 5, -195] as [Int32])
    func offsetsAreAskedForAgain(code: Int32) throws {
        let cluster = try makeTopic("offsets", records: 10)
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "g", properties: KafkaProperties(quick))
        cluster.failNext(.listOffsets, codes: [code])
        let marks = try consumer.watermarks(topic: "offsets", partition: 0, milliseconds: 10_000)
        #expect(marks.low == 0)
        #expect(marks.high == 10)
        cluster.failNext(.listOffsets, codes: [code])
        let place = TopicPartition(topic: "offsets", partition: 0)
        #expect(try consumer.offsets(atRecordTimeMilliseconds: 1, of: [place], milliseconds: 10_000) == [0])
    }

    @Test func offsetsThatAreDeniedOrDoNotComeAreFailures() throws {
        let cluster = try makeTopic("offsets", records: 10)
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "g", properties: KafkaProperties(quick))
        let place = TopicPartition(topic: "offsets", partition: 0)
        cluster.failNext(.listOffsets, codes: [29])
        #expect { try consumer.watermarks(topic: "offsets", partition: 0, milliseconds: 10_000) } throws: {
            ($0 as? KafkaFailure)?.name == "TOPIC_AUTHORIZATION_FAILED"
        }
        // Let through: both ends of the partition. Refused: the times.
        cluster.clearFailures(of: .listOffsets)
        cluster.failNext(.listOffsets, codes: [0, 0, 29])
        #expect { try consumer.offsets(atRecordTimeMilliseconds: 1, of: [place], milliseconds: 10_000) } throws: {
            ($0 as? KafkaFailure)?.name == "TOPIC_AUTHORIZATION_FAILED"
        }
        cluster.clearFailures(of: .listOffsets)
        try cluster.takeDown(broker: 1)
        #expect { try consumer.offsets(atRecordTimeMilliseconds: 1, of: [place], milliseconds: 100) } throws: {
            ($0 as? KafkaFailure)?.isRetriable == true
        }
    }

    /// LEADER_NOT_AVAILABLE and a broken connection.
    @Test func metadataIsAskedForAgain() throws {
        let cluster = try makeTopic("metadata", records: 0)
        cluster.failNext(.metadata, codes: [5, -195])
        let sender = try Sender(cluster.bootstrapServers, "metadata", quick)
        sender.send("a")
        try sender.flush()
        #expect(sender.delivered.map(\.isDelivered) == [true])
    }

    /// TOPIC_AUTHORIZATION_FAILED
    @Test func metadataThatIsDeniedIsAFailure() throws {
        let cluster = try makeTopic("denied", records: 0)
        cluster.setError(ofTopic: "denied", code: 29)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect { try admin.metadata(of: "denied", milliseconds: 10_000) } throws: {
            ($0 as? KafkaFailure)?.name == "TOPIC_AUTHORIZATION_FAILED"
        }
    }

    // MARK: offsets of a group

    /// COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, a broken connection.
    @Test(arguments: [KafkaRequest.findCoordinator, .offsetCommit, .offsetFetch])
    func aGroupsOffsetsArePutAndAskedForAgain(request: KafkaRequest) throws {
        let cluster = try makeTopic("group", records: 10)
        if request == .findCoordinator { cluster.failNext(request, codes: [15]) }
        let consumer = try makeReader(cluster.bootstrapServers, "group", from: [0], quick).consumer
        let place = TopicPartition(topic: "group", partition: 0)
        for code: Int32 in request == .findCoordinator ? [0] : [14, 15, 16, -195] {
            if request == .offsetCommit { cluster.failNext(request, codes: [code]) }
            let wanted = CommittedOffset(offset: Int64(code) + 200, metadata: "\(code)")
            // What librdkafka gives up on is committed again by the caller.
            try until("the commit") {
                let report = try consumer.commitAndWait(
                    [at("group", 0, wanted.offset, wanted.metadata)], epoch: consumer.epoch, milliseconds: 10_000)
                let failure = report.failure ?? report.entries.first?.failure
                #expect(failure?.isRetriable != false, "\(report)")
                return report.isComplete
            }
            if request == .offsetFetch { cluster.failNext(request, codes: [code]) }
            #expect(try consumer.committed(of: [place], milliseconds: 10_000) == [wanted])
        }
    }

    /// GROUP_AUTHORIZATION_FAILED and OFFSET_METADATA_TOO_LARGE.
    @Test(arguments: [30, 12] as [Int32])
    func aGroupsOffsetsThatAreRefusedAreReported(code: Int32) throws {
        let cluster = try makeTopic("refused", records: 10)
        let reader = try makeReader(cluster.bootstrapServers, "refused", from: [0], quick)
        let consumer = reader.consumer
        cluster.failNext(.offsetCommit, codes: [code])
        #expect(try consumer.commit([at("refused", 0, 6)], epoch: consumer.epoch))
        try until("the report") {
            try reader.turn()
            return !reader.recorder.reports.isEmpty
        }
        let report = try #require(reader.recorder.reports.first)
        #expect(!report.isComplete)
        #expect((report.failure ?? report.entries.first?.failure)?.code == code)
        // Nothing is remembered: what is not committed again is not committed.
        #expect(try consumer.commit([], epoch: consumer.epoch))
        let place = TopicPartition(topic: "refused", partition: 0)
        #expect(try consumer.committed(of: [place], milliseconds: 10_000) == [nil])
        cluster.failNext(.offsetFetch, codes: [code])
        #expect { try consumer.committed(of: [place], milliseconds: 10_000) } throws: {
            ($0 as? KafkaFailure)?.code == code
        }
    }

    // MARK: membership (the embedded cluster lets a group wait three seconds for its members)

    private func makeMember(_ cluster: EmbeddedCluster, _ topic: String) throws -> Reader {
        let properties = ["heartbeat.interval.ms": "100", "session.timeout.ms": "3000"].merging(quick) { $1 }
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "g", instance: "one", properties: KafkaProperties(properties))
        try consumer.subscribe([topic])
        return Reader(consumer)
    }

    /// COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR and COORDINATOR_LOAD_IN_PROGRESS.
    @Test func joiningIsTriedUntilItSucceeds() throws {
        let cluster = try makeTopic("join", records: 10)
        cluster.failNext(.findCoordinator, codes: [15])
        cluster.failNext(.joinGroup, codes: [16])
        cluster.failNext(.syncGroup, codes: [14])
        let reader = try makeMember(cluster, "join")
        try reader.read(10)
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<10))
        #expect(reader.recorder.log == ["assigned 1"])
        #expect(reader.recorder.failures.allSatisfy { !$0.isFatal }, "\(reader.recorder.failures)")
        try reader.consumer.close(reader.recorder)
    }

    /// Heartbeats: COORDINATOR_LOAD_IN_PROGRESS passes; after ILLEGAL_GENERATION what the member had is lost.
    @Test func aMemberThatTheGroupHasGivenUpJoinsAgain() throws {
        let cluster = try makeTopic("lost", records: 10)
        let reader = try makeMember(cluster, "lost")
        try reader.read(10)
        let epoch = reader.consumer.epoch
        let before = try reader.consumer.membership()
        cluster.failNext(.heartbeat, codes: [14, 14, 22])
        var afterLoss: [String] = []
        reader.recorder.onLost = { consumer in
            do throws(KafkaFailure) { _ = try consumer.membership() } catch { afterLoss.append(error.name) }
        }
        try until("a new assignment") {
            try reader.turn()
            return reader.consumer.epoch > epoch && !reader.consumer.partitions.isEmpty
        }
        #expect(reader.recorder.log == ["assigned 1", "lost 1", "assigned 2"])
        #expect(throws: KafkaFailure.self) { try reader.consumer.commit([at("lost", 0, 10)], epoch: epoch) }
        #expect(try reader.consumer.membership() !== before)
        #expect(afterLoss.allSatisfy { $0 == "_STATE" })
        try reader.consumer.close(reader.recorder)
    }

    /// FENCED_INSTANCE_ID: another instance has the same name.
    @Test(arguments: [KafkaRequest.joinGroup, .syncGroup, .heartbeat])
    func aFencedInstanceIsAFatalFailure(request: KafkaRequest) throws {
        let cluster = try makeTopic("fenced", records: 1)
        cluster.failNext(request, codes: [82])
        let reader = try makeMember(cluster, "fenced")
        try until("the failure") {
            try reader.turn()
            return reader.recorder.failures.contains { $0.isFatal }
        }
        #expect(reader.recorder.failures.first { $0.isFatal }?.name == "FENCED_INSTANCE_ID")
        try? reader.consumer.close(reader.recorder)
    }

    /// GROUP_AUTHORIZATION_FAILED
    @Test func aGroupThatIsDeniedIsReported() throws {
        let cluster = try makeTopic("denied", records: 1)
        cluster.failNext(.joinGroup, codes: [30])
        let reader = try makeMember(cluster, "denied")
        try until("the failure") {
            try reader.turn()
            return !reader.recorder.failures.isEmpty
        }
        #expect(reader.recorder.failures.contains { $0.name == "GROUP_AUTHORIZATION_FAILED" && !$0.isRetriable })
        try? reader.consumer.close(reader.recorder)
    }

    // MARK: brokers

    @Test func aLeaderThatChangesCostsNoRecordAndNoOrder() throws {
        let cluster = try makeTopic("leader", records: 0, brokers: 3)
        let sender = try Sender(cluster.bootstrapServers, "leader", quick.merging(["max.in.flight": "1"]) { $1 })
        let reader = try makeReader(cluster.bootstrapServers, "leader", from: [0], quick)
        for round in 0..<6 {
            try cluster.setLeader(of: "leader", partition: 0, broker: Int32(1 + round % 3))
            for index in 0..<50 { sender.send("\(round * 50 + index)") }
            if round % 2 == 0 { sender.producer.poll(milliseconds: 5) } else { try sender.flush() }
            try reader.turn()
        }
        try sender.flush()
        try until("all records") {
            try reader.turn()
            return reader.count >= 300 && reader.ends == [0]
        }
        #expect(sender.delivered.allSatisfy { $0.isDelivered })
        #expect(reader.taken[0]?.map(\.text) == (0..<300).map { "\($0)" })
        #expect(reader.failures.allSatisfy { $0.isRetriable })
    }

    @Test func aGroupsCoordinatorThatMovesIsFollowed() throws {
        let cluster = try makeTopic("moved", records: 10, brokers: 3)
        try cluster.setCoordinator(ofGroup: "none", broker: 1)
        let reader = try makeReader(cluster.bootstrapServers, "moved", from: [0], quick)
        let consumer = reader.consumer
        for (round, broker) in ([1, 2, 3, 1] as [Int32]).enumerated() {
            try cluster.setCoordinator(ofGroup: "none", broker: broker)
            try until("the commit") {
                let wanted = [at("moved", 0, Int64(round + 1))]
                return try consumer.commitAndWait(wanted, epoch: consumer.epoch, milliseconds: 10_000).isComplete
            }
            let place = TopicPartition(topic: "moved", partition: 0)
            let committed = try consumer.committed(of: [place], milliseconds: 10_000)
            #expect(committed == [CommittedOffset(offset: Int64(round + 1))])
        }
    }

    @Test func aSlowBrokerIsOnlySlow() throws {
        let cluster = try makeTopic("slow", records: 0)
        try cluster.setRoundTrip(milliseconds: 60, broker: 1)
        let sender = try Sender(cluster.bootstrapServers, "slow", quick)
        for index in 0..<100 { sender.send("\(index)") }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "slow", from: [0], quick)
        try reader.read(100)
        #expect(sender.delivered.allSatisfy { $0.isDelivered })
        #expect(reader.taken[0]?.map(\.text) == (0..<100).map { "\($0)" })
        let report = try reader.consumer.commitAndWait(
            [at("slow", 0, 100)], epoch: reader.consumer.epoch, milliseconds: 10_000)
        #expect(report.isComplete)
    }
}
