import Kafka
import Testing

/// On the embedded cluster, which takes every request of a transaction and hides nothing of those that are aborted.
@Suite struct KafkaTransactionTests {
    @Test func transactionsFollowEachOtherAndTheirDeliveriesComeBeforeTheCommitReturns() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("out", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "out", transactionalID: "t")
        let transactions = try #require(sender.transactions)
        #expect(transactions.timeoutMilliseconds == 45_000)
        #expect(transactions.state == .uninitialized)
        // Outside a transaction nothing is taken.
        #expect("\(sender.send("early"))".hasPrefix("failed"))
        try transactions.initTransactions(milliseconds: 10_000)
        let membership = GroupMembership(group: "g", generation: 1, member: "m")
        for round in 0..<5 {
            try transactions.begin()
            #expect(transactions.state == .open)
            for index in 0..<100 { sender.send("\(round * 100 + index)", partition: Int32(index % 2)) }
            try transactions.sendOffsets(
                [at("in", 0, Int64(round)), at("in", 1, 7, "note")], membership: membership, milliseconds: 10_000)
            try transactions.commit(milliseconds: 10_000)
            #expect(transactions.state == .ready)
            #expect(sender.delivered.count == (round + 1) * 100)
        }
        #expect(sender.delivered.allSatisfy { $0.isDelivered })
        // An empty one is one, too.
        try transactions.begin()
        try transactions.sendOffsets([], membership: membership, milliseconds: 10_000)
        try transactions.commit(milliseconds: 10_000)
        let reader = try makeReader(cluster.bootstrapServers, "out", from: [0, 0])
        try reader.read(500)
        for partition: Int32 in [0, 1] {
            let wanted = (0..<500).filter { $0 % 2 == Int(partition) }.map { "\($0)" }
            #expect(reader.taken[partition]?.map(\.text) == wanted)
        }
        #expect(sender.failures.isEmpty)
    }

    @Test func whatIsAbortedBeforeItWasSentIsNeverInTheLog() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("aborted", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "aborted", ["linger.ms": "5000"], transactionalID: "t")
        let transactions = try #require(sender.transactions)
        try transactions.initTransactions(milliseconds: 10_000)
        try transactions.begin()
        for index in 0..<10 { sender.send("void \(index)") }
        try transactions.abort(milliseconds: 10_000)
        #expect(transactions.state == .ready)
        #expect(sender.delivered.map { $0.failure?.name } == Array(repeating: "_PURGE_QUEUE", count: 10))
        // The same again in a new transaction.
        try transactions.begin()
        for index in 0..<10 { sender.send("good \(index)") }
        try transactions.commit(milliseconds: 10_000)
        let reader = try makeReader(cluster.bootstrapServers, "aborted", from: [0])
        try reader.read(10)
        #expect(reader.taken[0]?.map(\.text) == (0..<10).map { "good \($0)" })
    }

    @Test func aCommitInDoubtIsCommittedByCommittingAgain() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("doubt", partitions: 1)
        let sender = try Sender(
            cluster.bootstrapServers, "doubt", ["reconnect.backoff.max.ms": "200"], transactionalID: "t")
        let transactions = try #require(sender.transactions)
        try transactions.initTransactions(milliseconds: 10_000)
        try transactions.begin()
        sender.send("a")
        try sender.flush()
        sender.send("b")
        try cluster.setRoundTrip(milliseconds: 400, broker: 1)
        var doubts = 0
        try until("the end of the doubt") {
            do throws(TransactionFailure) {
                try transactions.commit(milliseconds: 50)
                return true
            } catch {
                #expect(error.kind == .retriable, "\(error)")
                #expect(transactions.state == .committing)
                doubts += 1
                return error.kind != .retriable
            }
        }
        #expect(doubts > 0)
        #expect(transactions.state == .ready)
        try cluster.setRoundTrip(milliseconds: 0, broker: 1)
        // The next transaction is a new one.
        try transactions.begin()
        sender.send("c")
        try transactions.commit(milliseconds: 10_000)
        let reader = try makeReader(cluster.bootstrapServers, "doubt", from: [0])
        try until("the end") {
            try reader.turn()
            return reader.count >= 3 && reader.ends == [0]
        }
        #expect(reader.taken[0]?.map(\.text) == ["a", "b", "c"])
    }

    @Test func anAbortInDoubtIsAbortedByAbortingAgain() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("undo", partitions: 1)
        let sender = try Sender(
            cluster.bootstrapServers, "undo", ["reconnect.backoff.max.ms": "200"], transactionalID: "t")
        let transactions = try #require(sender.transactions)
        try transactions.initTransactions(milliseconds: 10_000)
        try transactions.begin()
        sender.send("a")
        try sender.flush()
        try cluster.takeDown(broker: 1)
        #expect(throws: TransactionFailure.self) { try transactions.abort(milliseconds: 50) }
        #expect(transactions.state == .aborting)
        try cluster.bringUp(broker: 1)
        try until("the abort") {
            do throws(TransactionFailure) {
                try transactions.abort(milliseconds: 500)
                return true
            } catch {
                #expect(error.kind == .retriable, "\(error)")
                return false
            }
        }
        #expect(transactions.state == .ready)
        try transactions.begin()
        sender.send("b")
        try transactions.commit(milliseconds: 10_000)
    }

    @Test func aSecondProducerOfTheSameIDTakesOver() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("fence", partitions: 1)
        let first = try Sender(cluster.bootstrapServers, "fence", transactionalID: "t")
        try first.transactions?.initTransactions(milliseconds: 10_000)
        try first.transactions?.begin()
        let second = try Sender(cluster.bootstrapServers, "fence", transactionalID: "t")
        try second.transactions?.initTransactions(milliseconds: 10_000)
        // The embedded cluster fences no one; that both may go on shows that their states are their own.
        #expect(first.transactions?.state == .open)
        #expect(second.transactions?.state == .ready)
        try first.transactions?.abort(milliseconds: 10_000)
        #expect(first.transactions?.state == .ready)
    }

    @Test func theGroupsMembershipComesWithTheAssignment() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("in", partitions: 1)
        try cluster.createTopic("out", partitions: 1)
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "g", instance: "one",
            properties: KafkaProperties(["fetch.wait.max.ms": "5"]))
        #expect { try consumer.membership() } throws: { ($0 as? KafkaFailure)?.name == "_STATE" }
        try consumer.subscribe(["in"])
        let reader = Reader(consumer)
        var membership: GroupMembership?
        reader.recorder.onAssigned = { _ throws(KafkaFailure) in membership = try consumer.membership() }
        try until("the assignment") {
            try reader.turn()
            return membership != nil
        }
        let sender = try Sender(cluster.bootstrapServers, "out", transactionalID: "t")
        let transactions = try #require(sender.transactions)
        try transactions.initTransactions(milliseconds: 10_000)
        try transactions.begin()
        sender.send("a")
        try transactions.sendOffsets([at("in", 0, 5)], membership: try #require(membership), milliseconds: 10_000)
        try transactions.commit(milliseconds: 10_000)
        try consumer.close(reader.recorder)
        #expect { try consumer.membership() } throws: { ($0 as? KafkaFailure)?.name == "_STATE" }
    }
}
