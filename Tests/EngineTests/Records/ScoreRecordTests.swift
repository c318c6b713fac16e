import Events
import Testing

@testable import Engine

/// Score records to the byte.
struct ScoreRecordTests {
    private static let start = PaymentStream.start
    private let payment = Payment(id: "p-1", at: ScoreRecordTests.start + 1_500, customer: "c", cents: 2_760)

    @Test func aScoreWithItsModelAndDecision() throws {
        let outputs = try scores(PaymentPlan(), [payment.record])
        let score = try #require(outputs.first)
        let value = try #require(score.value)
        let number = try #require(
            value.split(separator: "\"score\":").last?.split(separator: ",").first.flatMap { Float($0) })
        #expect((0...1).contains(number))
        #expect(
            value == "{\"id\":\"p-1\",\"pipeline\":\"payments\",\"model\":\"forest\",\"version\":\"sha256:00\","
                + "\"event_time\":\"2024-03-01T00:00:01.5Z\",\"score\":\(number),\"decision\":\"allow\",\"reasons\":[],"
                + "\"features\":{}}")
        #expect(score.key == "c")
        #expect(
            score.headers == [
                "riffle-origin": "payments/0/0", "riffle-plan": PaymentPlan.hash, "riffle-model": "sha256:00",
            ])
    }

    @Test func withoutAModelTheScoreIsNull() throws {
        let outputs = try scores(PaymentPlan(rules: [], hasModel: false), [payment.record])
        #expect(
            outputs.first?.value
                == "{\"id\":\"p-1\",\"pipeline\":\"payments\",\"event_time\":\"2024-03-01T00:00:01.5Z\","
                + "\"score\":null,\"reasons\":[],\"features\":{}}")
        #expect(outputs.first?.headers["riffle-model"] == nil)
    }

    @Test func namedFeaturesInTheirOrderAndMissingAsNull() throws {
        let plan = PaymentPlan(rules: [], outputFeatures: ["ratio", "amount", "terminal_mean"], hasModel: false)
        let value = try scores(plan, [payment.record]).first?.value
        #expect(value?.hasSuffix(",\"features\":{\"ratio\":1,\"amount\":27.6,\"terminal_mean\":null}}") == true)
    }

    /// One of each type, present, null and absent; what the record says of it.
    @Test func fieldsOfEveryType() throws {
        let types: [(name: String, type: FieldType)] = [
            ("channel", .string), ("count", .int), ("share", .float), ("price", .decimal(scale: 3)),
            ("whole", .decimal(scale: 0)), ("known", .bool), ("paid", .time(.iso8601)),
        ]
        let others = types.map { name, type in
            FieldPlan(name: name, path: [name], type: type, isOptional: true, isNullable: true)
        }
        let names = types.map(\.name)
        let plan = PaymentPlan(
            rules: [], outputFeatures: ["amount"], outputFields: names + ["customer"], otherFields: others,
            hasModel: false)
        func value(_ fields: String) throws -> String? {
            let text = payment.json.dropLast() + fields + "}"
            return try scores(plan, [LogRecord(String(text))]).first?.value
        }
        #expect(
            try value(
                ",\"channel\":\"a\\\"b\\u0001\",\"count\":-9223372036854775808,\"share\":1e-7,\"price\":-0.05,\"whole\":7,"
                    + "\"known\":true,\"paid\":\"2024-03-01T01:00:00.25+01:00\"")?.hasSuffix(
                    ",\"features\":{\"amount\":27.6},\"fields\":{\"channel\":\"a\\\"b\\u0001\",\"count\":-9223372036854775808,"
                        + "\"share\":1e-07,\"price\":-0.050,\"whole\":7,\"known\":true,\"paid\":\"2024-03-01T00:00:00.25Z\","
                        + "\"customer\":\"c\"}}") == true)
        let missing = names.map { "\"\($0)\":null" }.joined(separator: ",")
        for written in ["", "," + missing] {
            #expect(try value(written)?.hasSuffix(",\"fields\":{\(missing),\"customer\":\"c\"}}") == true)
        }
    }

    /// Longer fields than anything that was reserved before, beside no features.
    @Test func longFieldsFit() throws {
        let plan = PaymentPlan(rules: [], outputFields: ["customer", "payment"], hasModel: false)
        let long = String(repeating: "\\u0001", count: 4_000)
        let text = payment.json.replacing("\"customer\":\"c\"", with: "\"customer\":\"\(long)\"")
        for value in try scores(plan, Array(repeating: LogRecord(text), count: 3)).map(\.value) {
            #expect(
                value?.hasSuffix("\"features\":{},\"fields\":{\"customer\":\"\(long)\",\"payment\":\"p-1\"}}") == true)
        }
    }

    @Test(arguments: [
        (FieldType.int, "17", "17"), (.int, "-9223372036854775808", "-9223372036854775808"),
        (.decimal(scale: 3), "1.5", "1.500"), (.decimal(scale: 2), "-0.05", "-0.05"),
        (.string, "\"a\\\"b\\\\c\\n\\u0001é\"", "a\\\"b\\\\c\\n\\u0001é"),
    ])
    func idsAreTextWhateverTheirType(type: FieldType, written: String, id: String) throws {
        let text = payment.json.replacing("\"p-1\"", with: written)
        let value = try scores(PaymentPlan(idType: type, hasModel: false), [LogRecord(text)]).first?.value
        #expect(value?.hasPrefix("{\"id\":\"\(id)\",\"pipeline\"") == true, "\(value ?? "none")")
    }

    @Test func withoutAnIDTheOriginNamesTheEvent() throws {
        let text = payment.json.replacing("\"payment\":\"p-1\",", with: "")
        for idType in [nil, FieldType.string] {
            let value = try scores(PaymentPlan(idType: idType, hasModel: false), [LogRecord(text)]).first?.value
            #expect(value?.hasPrefix("{\"id\":\"payments/0/0\",") == true, "\(value ?? "none")")
        }
    }

    @Test func theFirstRuleThatHoldsDecides() throws {
        let plan = PaymentPlan(
            rules: [("large", "amount > 50"), ("some", "amount > 20 or terminal_mean > 0"), ("other", "amount > 10")],
            hasModel: false)
        let records = [6_000, 3_000, 1_500, 500].map { cents in
            Payment(id: "p", at: Self.start, customer: "c", cents: cents).record
        }
        let decisions = try scores(plan, records).map { output in
            output.value?.split(separator: "\"decision\":").dropFirst().first?.split(separator: ",").first.map(
                String.init)
        }
        #expect(decisions == ["\"large\"", "\"some\"", "\"other\"", nil])
    }

    @Test func tracesAreCarriedOn() throws {
        var record = payment.record
        record.headers = [("traceparent", "00-ab-cd-01"), ("tracestate", "x=1"), ("other", "y")]
        let headers = try scores(PaymentPlan(hasModel: false), [record]).first?.headers
        #expect(headers?["traceparent"] == "00-ab-cd-01")
        #expect(headers?["tracestate"] == "x=1")
        #expect(headers?["other"] == nil)
    }

    /// Longer ids than anything that was reserved before.
    @Test func longTextsFit() throws {
        let id = String(repeating: "\u{1}", count: 4_000)
        let text = payment.json.replacing("p-1", with: String(repeating: "\\u0001", count: 4_000))
        let value = try scores(PaymentPlan(hasModel: false), Array(repeating: LogRecord(text), count: 3)).last?.value
        #expect(value?.hasPrefix("{\"id\":\"" + String(repeating: "\\u0001", count: 4_000) + "\",") == true)
        #expect(id.utf8.count == 4_000)
    }

    private func scores(_ plan: PaymentPlan, _ records: [LogRecord]) throws -> [MemoryOutput] {
        let run = StreamRun(try plan.make(), MemoryLog(records: [records]))
        _ = try run.run()
        #expect(run.sink.deadLetters.isEmpty)
        return run.sink.scores
    }
}
