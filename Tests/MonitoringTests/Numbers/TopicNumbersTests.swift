import Kafka
import Monitoring
import Testing

@Suite struct TopicRangeTests {
    private static func range(_ text: String) throws -> TopicRange {
        try TopicRange(text) { $0 == "noon" ? 43_200_000 : nil }
    }

    @Test func textsAreRead() throws {
        let whole = try Self.range("card.scores")
        #expect(whole.topic == "card.scores")
        #expect(whole.partition == nil && whole.from == nil && whole.to == nil)
        let piece = try Self.range("card.scores/3@100..noon")
        #expect(piece.topic == "card.scores")
        #expect(piece.partition == 3)
        #expect(piece.from == .offset(100))
        #expect(piece.to == .milliseconds(43_200_000))
        #expect(piece.description == "card.scores/3@100..noon")
        #expect(try Self.range("a@noon..").to == nil)
        #expect(try Self.range("a@..7").from == nil)
        #expect(try Self.range("a@..") == Self.range("a@.."))
    }

    @Test(arguments: [
        ("", "it names no topic"), ("@1..2", "it names no topic"), ("a/x", "\"x\" is no partition"),
        ("a/-1", "\"-1\" is no partition"), ("a/4294967296", "\"4294967296\" is no partition"),
        ("a@5", "it lacks \"..\""), ("a@5..later", "\"later\" is neither an offset nor a time"),
        ("a@-5..", "\"-5\" is neither an offset nor a time"),
        ("a@99999999999999999999..", "\"99999999999999999999\" is neither an offset nor a time"),
    ])
    func whatCannotBeReadIsSaid(_ text: String, _ problem: String) throws {
        let failure = try #require(throws: NumberFailure.self) { _ = try Self.range(text) }
        #expect(failure.description.hasPrefix("\(text): \(problem); expected TOPIC"))
    }
}

@Suite struct TopicNumbersTests {
    /// A topic of two partitions: of the values of 0 to 99, each in a record a second, the even ones in the first.
    private final class Topic {
        let cluster: EmbeddedCluster
        private let producer: KafkaProducer
        private let topic: KafkaTopic

        init() throws {
            cluster = try EmbeddedCluster()
            try cluster.createTopic("numbers", partitions: 2)
            producer = try KafkaProducer(brokers: cluster.bootstrapServers, onDelivery: { _ in })
            topic = try producer.topic("numbers")
        }

        func send(_ text: String, partition: Int32 = 0, milliseconds: Int64 = 0) throws {
            let outcome = Array(text.utf8).withUnsafeBytes { value in
                producer.produce(
                    to: topic, partition: partition, key: nil, value: value, timestampMilliseconds: milliseconds,
                    token: 0)
            }
            guard case .queued = outcome else { throw NumberFailure("not queued: \(outcome)") }
        }

        func fill(_ value: (Int) -> String) throws -> Topic {
            for number in 0..<100 {
                try send(value(number), partition: Int32(number % 2), milliseconds: 1_000_000 + Int64(number) * 1_000)
            }
            return try flushed()
        }

        func flushed() throws -> Topic {
            let end = ContinuousClock.now.advanced(by: .seconds(30))
            while producer.flush(milliseconds: 100) > 0 {
                guard ContinuousClock.now < end else { throw NumberFailure("not delivered within 30 s") }
            }
            return self
        }

        func read(
            _ text: String, column: String? = nil, skipsMissing: Bool = false, countMax: Int = 1_000
        ) throws -> SampleComparison.Numbers {
            let range = try TopicRange(text) { Int64($0.dropLast(2)) }
            let access = TopicNumbers.Access(
                brokers: cluster.bootstrapServers, properties: KafkaProperties(["fetch.wait.max.ms": "5"]))
            var numbers = TopicNumbers(range, column: column, skipsMissing: skipsMissing, access: access)
            return try numbers.read(countMax: countMax)
        }
    }

    @Test func piecesByPartitionOffsetAndTime() throws {
        let topic = try Topic().fill { "{\"score\":\($0),\"features\":{\"amount\":\($0 * 2)}}" }
        func values(_ text: String) throws -> [Double] { try topic.read(text, column: "score").values }
        let even = stride(from: 0.0, to: 100, by: 2).map { $0 }
        let odd = even.map { $0 + 1 }
        #expect(try values("numbers") == even + odd)
        #expect(try values("numbers/1") == odd)
        #expect(try topic.read("numbers/1", column: "features.amount").values == odd.map { 2 * $0 })
        // Offsets count in each partition, times over all of them.
        #expect(try values("numbers@10..13") == [20, 22, 24, 21, 23, 25])
        #expect(try values("numbers@1010000ms..1013000ms") == [10, 12, 11])
        #expect(try values("numbers@..1003000ms") == [0, 2, 1])
        #expect(try values("numbers/0@1096000ms..") == [96, 98])
        #expect(try values("numbers@48..1099000ms") == [96, 98, 97])
        #expect(try values("numbers@50..").isEmpty)
        #expect(try values("numbers@700..800").isEmpty)
        #expect(try topic.read("numbers/1@48..", column: "score").name == "numbers/1@48..")
    }

    @Test func valuesThatAreNumbers() throws {
        let topic = try Topic().fill { "\($0).5" }
        #expect(try topic.read("numbers@0..2").values == [0.5, 2.5, 1.5, 3.5])
        let failure = try #require(throws: NumberFailure.self) { _ = try topic.read("numbers", countMax: 7) }
        #expect(failure.description == "numbers/0/7: more than 7 numbers, which is as many as are held")
    }

    @Test func whatIsNoNumberIsNamedWithItsPlace() throws {
        let topic = try Topic()
        for text in ["{\"score\":1}", "{\"score\":null}", "{}", "oops", "{\"score\":\"x\"}", ""] {
            try topic.send(text)
        }
        _ = try topic.flushed()
        func message(_ text: String, column: String? = "score", skipsMissing: Bool = false) throws -> String {
            let failure = try #require(throws: NumberFailure.self) {
                _ = try topic.read(text, column: column, skipsMissing: skipsMissing)
            }
            return failure.description
        }
        let skip = "where a number is expected; --skip-missing passes over such records"
        #expect(try message("numbers") == "numbers/0/1: \"score\" is null, \(skip)")
        #expect(try message("numbers@2..") == "numbers/0/2: no member \"score\", \(skip)")
        #expect(try message("numbers@5..") == "numbers/0/5: no value, \(skip)")
        #expect(try message("numbers@1..", skipsMissing: true).hasPrefix("numbers/0/3: "))
        #expect(try message("numbers@4..") == "numbers/0/4: \"score\" is no number but a string")
        #expect(
            try message("numbers", column: nil).hasPrefix("numbers/0/0: a JSON object: choose a member with --column"))
        #expect(try message("numbers@3..", column: nil) == "numbers/0/3: \"oops\" is no number")
        let skipped = try topic.read("numbers@0..3", column: "score", skipsMissing: true)
        #expect(skipped.values == [1])
        #expect(skipped.missing == 2)
        #expect(try message("others").hasPrefix("topic \"others\" does not exist on "))
        #expect(try message("numbers/2") == "topic \"numbers\" has no partition 2: it has 2")
    }
}
