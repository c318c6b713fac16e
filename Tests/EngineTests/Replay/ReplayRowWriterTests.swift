import Events
import Features
import Testing
import Workers

@testable import Engine

@Suite struct ReplayRowWriterTests {
    /// Rows with these features, scores and ids, written.
    private func write(
        _ format: RecordFormat, features: [[Double]], scores: [Float]? = nil, ids: [String?]? = nil,
        type: FieldType? = .string,
        decision: Int16 = 0
    ) throws -> String {
        var payments = PaymentPlan(idType: type)
        payments.rules = [("a,\"b\"", "true")]
        let plan = try payments.make()
        let pipeline = ScoringPipeline(plan: plan, pool: WorkerPool(workerCount: 1))
        let context = pipeline.makeContext(capacity: features.count)
        let decoder = JSONEventDecoder(schema: plan.schema)
        for (row, values) in features.enumerated() {
            let id = ids.map { $0[row] } ?? "\"i\(row)\""
            let json = "{\(id.map { "\"payment\":\($0)," } ?? "")\"at\":1709251200250,\"customer\":\"c\",\"amount\":1}"
            Array(json.utf8).withUnsafeBytes {
                decoder.decode(value: $0, recordTime: .min, offset: Int64(row) + 2, lane: 0, into: context.batch)
            }
            #expect(context.batch.faults[row].code == .none)
            context.frame.dispositions[row] = .score
            for feature in 0..<context.frame.featureCount {
                context.frame.features[row * context.frame.featureCount + feature] =
                    feature < values.count ? values[feature] : 0
            }
            context.scores[row] = Double(scores?[row] ?? 0.5)
            context.decisions[row] = decision
        }
        let writer = ReplayRowWriter(plan, format: format, origin: OriginText(file: "f,\".csv"))
        var arena = ByteArena(capacity: 64)
        writer.write(context, rows: 0..<features.count, into: &arena)
        return String(decoding: UnsafeBufferPointer(start: arena.bytes, count: arena.count), as: UTF8.self)
    }

    private static let zeros = ",0,0,0,0,0,0,0"

    @Test func aTableHasAHeaderAndOneRowALine() throws {
        let plan = try PaymentPlan().make()
        let names = "amount,weekend,customer_count,customer_mean,terminal_count,terminal_mean,ratio,night"
        let writer = ReplayRowWriter(plan, format: .csv, origin: OriginText(file: "f"))
        let header = String(decoding: writer.header, as: UTF8.self)
        #expect(header == "payment,event_time,\(names),score,decision\n")
        #expect(ReplayRowWriter(plan, format: .ndjson, origin: OriginText(file: "f")).header.isEmpty)
        #expect(
            try write(.csv, features: [[1.5]])
                == "i0,2024-03-01T00:00:00.25Z,1.5\(Self.zeros),0.5,\"a,\"\"b\"\"\"\n")
        let keys = names.split(separator: ",")
        let values = keys.enumerated().map { "\"\($1)\":\($0 == 0 ? "1.5" : "0")" }.joined(separator: ",")
        #expect(
            try write(.ndjson, features: [[1.5]])
                == "{\"payment\":\"i0\",\"event_time\":\"2024-03-01T00:00:00.25Z\",\(values),\"score\":0.5,"
                + "\"decision\":\"a,\\\"b\\\"\"}\n")
    }

    @Test func whatIsMissingIsEmptyOrNull() throws {
        #expect(
            try write(.csv, features: [[.nan, .infinity, -.infinity]], scores: [.nan], ids: [nil], decision: -1)
                == ",2024-03-01T00:00:00.25Z,,inf,-inf,0,0,0,0,0,,\n")
        let json = try write(.ndjson, features: [[.nan, .infinity]], scores: [.nan], ids: [nil], decision: -1)
        #expect(
            json.hasPrefix(
                "{\"payment\":null,\"event_time\":\"2024-03-01T00:00:00.25Z\",\"amount\":null,\"weekend\":null,"))
        #expect(json.hasSuffix("\"score\":null,\"decision\":null}\n"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("say \\\"x\\\"", "\"say \"\"x\"\"\""),
        ("two\\nlines", "\"two\nlines\""),
        ("\\r", "\"\r\""), ("", "\"\""), (" é", " é"),
    ]) func textsAreQuotedWhereTheyNeedIt(json: String, cell: String) throws {
        let row = try write(.csv, features: [[]], ids: ["\"\(json)\""])
        #expect(row.hasPrefix(cell + ",2024"))
        #expect(try write(.ndjson, features: [[]], ids: ["\"\(json)\""]).hasPrefix("{\"payment\":\"\(json)\","))
    }

    @Test func idsOfOtherTypesAndNone() throws {
        let least = "\(Int64.min)"
        #expect(try write(.csv, features: [[]], ids: [least], type: .int).hasPrefix(least + ",2024"))
        #expect(try write(.ndjson, features: [[]], ids: [least], type: .int).hasPrefix("{\"payment\":\(least),"))
        #expect(try write(.csv, features: [[]], ids: ["-1.5"], type: .decimal(scale: 2)).hasPrefix("-1.50,2024"))
        #expect(try write(.csv, features: [[]], type: nil).hasPrefix("\"f,\"\".csv/0/2\",2024"))
        #expect(try write(.ndjson, features: [[]], type: nil).hasPrefix("{\"origin\":\"f,\\\".csv/0/2\","))
    }

    @Test func fieldsStandBehindTheDecision() throws {
        let others = ["channel", "at_home", "price", "paid"]
        let types: [FieldType] = [.string, .bool, .decimal(scale: 2), .time(.iso8601)]
        var payments = PaymentPlan(rules: [("allow", "true")])
        payments.otherFields = zip(others, types).map {
            FieldPlan(name: $0, path: [$0], type: $1, isOptional: true, isNullable: true)
        }
        payments.outputFields = others
        let plan = try payments.make()
        let rows =
            PaymentFile.csvHeader + ",channel,at_home,price,paid\n"
            + "a,\(PaymentStream.start),c,1,1.00,\"web,\"\"x\"\"\",true,2.5,2024-03-01T00:00:00Z\n"
            + "b,\(PaymentStream.start),c,1,1.00,,,,\n"
        let table = try ReplayRun(plan: plan, outputFormat: .csv).run(rows).output.lines
        #expect(
            table[0].hasSuffix(",score,decision,fields.channel,fields.at_home,fields.price,fields.paid"))
        #expect(table[1].hasSuffix(",allow,\"web,\"\"x\"\"\",true,2.50,2024-03-01T00:00:00Z"))
        #expect(table[2].hasSuffix(",allow,,,,"))
        let lines = try ReplayRun(plan: plan, outputFormat: .ndjson).run(rows).output.lines
        #expect(
            lines[0].hasSuffix(
                ",\"decision\":\"allow\",\"fields\":{\"channel\":\"web,\\\"x\\\"\",\"at_home\":true,\"price\":2.50,"
                    + "\"paid\":\"2024-03-01T00:00:00Z\"}}"))
        #expect(
            lines[1].hasSuffix(
                ",\"fields\":{\"channel\":null,\"at_home\":null,\"price\":null,\"paid\":null}}"))
    }

    @Test func smallCountsAreWrittenAsTheShortestForm() {
        let fast = UnsafeMutablePointer<UInt8>.allocate(capacity: NumberText.bytesMax)
        let slow = UnsafeMutablePointer<UInt8>.allocate(capacity: NumberText.bytesMax)
        defer {
            fast.deallocate()
            slow.deallocate()
        }
        var written = 0
        for value in (0...10_002).map(Double.init) + [
            -0.0, -1, 0.5, 9_999.5, .nan, .infinity, -.infinity, 1e300, .leastNonzeroMagnitude,
        ] {
            var end = fast
            guard NumberText.writeSmallCount(value, to: &end) else { continue }
            written += 1
            let length = NumberText.write(value, to: slow)
            #expect(
                UnsafeBufferPointer(start: fast, count: end - fast).elementsEqual(
                    UnsafeBufferPointer(start: slow, count: length)), "\(value)")
        }
        #expect(written == 10_000)
    }

    @Test(arguments: [3, 11] as [UInt64]) func numbersReadBackToTheSameBits(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rows = (0..<500).map { _ in
            (0..<8).map { place in
                let bits = Double(bitPattern: random.next())
                return place % 2 == 0 ? (bits.isFinite ? bits : -0.0) : Double(random.next() % 1_000_000) / 100
            }
        }
        let scores = rows.map { _ in
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            return value.isFinite ? value : Float.leastNonzeroMagnitude
        }
        let table = try write(.csv, features: rows, scores: scores).split(separator: "\n")
        #expect(table.count == rows.count)
        for (line, (row, score)) in zip(table, zip(rows, scores)) {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            let read = cells[2..<10].map { Double($0)?.bitPattern }
            #expect(read == row.map(\.bitPattern), "seed \(seed)")
            #expect(Float(cells[10])?.bitPattern == score.bitPattern, "seed \(seed)")
        }
    }
}
