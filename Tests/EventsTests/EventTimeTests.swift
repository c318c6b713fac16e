import Testing

@testable import Events

@Suite struct EventTimeTests {
    @Test(
        arguments: [
            ("2018-09-30T23:59:57Z", 1_538_351_997_000_000), ("2018-09-30t23:59:57z", 1_538_351_997_000_000),
            ("2018-09-30 23:59:57", 1_538_351_997_000_000), ("2018-09-30T23:59:57", 1_538_351_997_000_000),
            ("2018-09-30", 1_538_265_600_000_000), ("2018-09-30T23:59:57.1Z", 1_538_351_997_100_000),
            ("2018-09-30T23:59:57.123456Z", 1_538_351_997_123_456),
            ("2018-09-30T23:59:57.123456999999999999Z", 1_538_351_997_123_456),
            ("2018-09-30T23:59:57.000000", 1_538_351_997_000_000), ("2018-10-01T01:59:57+02:00", 1_538_351_997_000_000),
            ("2018-10-01T01:59:57+0200", 1_538_351_997_000_000), ("2018-10-01T01:59:57+02", 1_538_351_997_000_000),
            ("2018-09-30T18:29:57.5-05:30", 1_538_351_997_500_000),
            ("2018-09-30T23:59:57-00:00", 1_538_351_997_000_000),
            ("2018-10-01 23:58:57 +23:59".replacing(" +", with: "+"), 1_538_351_997_000_000),
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1), ("1969-12-31T23:59:59.9999999Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("0001-01-01", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            ("9999-12-31T23:59:59.9999999999Z", 253_402_300_799_999_999),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000), ("2024-02-29", 1_709_164_800_000_000),
            ("1600-02-29", -11_670_998_400_000_000),
            ("2000-12-31T23:59:59Z", 978_307_199_000_000), ("0004-02-29T12:00:00Z", -62_035_848_000_000_000),
            ("0000-12-31T23:00:00-01:00".replacing("0000-12-31T23", with: "0001-01-01T00"), -62_135_593_200_000_000),
        ] as [(String, Int64)])
    func iso8601(text: String, microseconds: Int64) throws {
        let schema = EventSchema.one(.time(.iso8601))
        #expect(Decode.json("{\"x\":\"\(text)\"}", schema).cells == [.number(microseconds)])
        #expect(try Decode.csv(header: "x", [text], schema)[0].cells == [.number(microseconds)])
    }

    @Test(arguments: [
        "", "2018", "2018-09", "2018-9-30", "2018-09-30T", "2018-09-30T23", "2018-09-30T23:59", "2018-09-30T23:59Z",
        "2018-09-30T23:59:5Z", "2018-09-30T23:59:57.Z", "2018-09-30T23:59:57,5Z", "2018-09-30T24:00:00Z",
        "2018-09-30T23:60:00Z",
        "2018-09-30T23:59:60Z", "2016-12-31T23:59:60Z", "2018-00-30", "2018-13-30", "2018-09-31", "2018-09-00",
        "2018-02-29",
        "1900-02-29", "2100-02-29", "2023-02-29T00:00:00Z", "0000-02-30", "-001-01-01", "-0001-01-01T00:00:00Z",
        "+2018-09-30T23:59:57Z", "12018-09-30", "20180930T235957Z", "2018/09/30", "30-09-2018", "2018-09-30X23:59:57Z",
        "2018-09-30T23:59:57 Z", " 2018-09-30", "2018-09-30 ", "2018-09-30Z", "2018-09-30T23:59:57ZZ",
        "2018-09-30T23:59:57+",
        "2018-09-30T23:59:57+2", "2018-09-30T23:59:57+24:00", "2018-09-30T23:59:57+02:60", "2018-09-30T23:59:57+02:0",
        "2018-09-30T23:59:57+020", "2018-09-30T23:59:57+02:", "2018-09-30T23:59:57+02-00", "2018-09-30T23:59:57.5.5Z",
        "２018-09-30", "2018-W40-7", "1538351997", "now",
    ])
    func notISO8601(text: String) throws {
        let schema = EventSchema.one(.time(.iso8601))
        #expect(Decode.json("{\"x\":\"\(text)\"}", schema).fault == Fault(.invalidTime, field: 0, byteOffset: 5))
        if !text.isEmpty, !text.contains(",") {
            #expect(try Decode.csv(header: "x", [text], schema)[0].fault == Fault(.invalidTime, field: 0))
        }
    }

    @Test(arguments: [
        "0000-12-31T23:59:59Z", "0000-02-29", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999999-00:01",
    ])
    func outsideTheYears(text: String) {
        let row = Decode.json("{\"x\":\"\(text)\"}", .one(.time(.iso8601)))
        #expect(row.fault == Fault(.timeOutOfRange, field: 0, byteOffset: 5))
    }

    @Test(
        arguments: [
            (.epochSeconds, "1538351997", 1_538_351_997_000_000),
            (.epochSeconds, "1538351997.25", 1_538_351_997_250_000),
            (.epochSeconds, "1538351997.1234569", 1_538_351_997_123_456),
            (.epochSeconds, "1.538351997e9", 1_538_351_997_000_000),
            (.epochSeconds, "1538351997.123456789012345678901234567890", 1_538_351_997_123_456),
            (.epochSeconds, "-0.0000001", -1),
            (.epochSeconds, "-1.5", -1_500_000), (.epochSeconds, "-1.0000005", -1_000_001), (.epochSeconds, "1e-30", 0),
            (.epochSeconds, "-1e-30", -1), (.epochSeconds, "-0.00000000000000000000000000000000001", -1),
            (.epochSeconds, "-0", 0),
            (.epochSeconds, "-62135596800", -62_135_596_800_000_000),
            (.epochSeconds, "253402300799.9999999", 253_402_300_799_999_999),
            (.epochMilliseconds, "1538351997123", 1_538_351_997_123_000),
            (.epochMilliseconds, "1538351997123.4567", 1_538_351_997_123_456),
            (.epochMilliseconds, "-0.0001", -1), (.epochMicroseconds, "1538351997123456", 1_538_351_997_123_456),
            (.epochMicroseconds, "1.538351997123456e15", 1_538_351_997_123_456), (.epochMicroseconds, "-1", -1),
            (.epochMicroseconds, "5.0", 5),
        ] as [(TimeFormat, String, Int64)])
    func epochs(format: TimeFormat, text: String, microseconds: Int64) throws {
        let schema = EventSchema.one(.time(format))
        #expect(Decode.json("{\"x\":\(text)}", schema).cells == [.number(microseconds)])
        #expect(Decode.json("{\"x\":\"\(text)\"}", schema).cells == [.number(microseconds)])
        #expect(try Decode.csv(header: "x", [text], schema)[0].cells == [.number(microseconds)])
    }

    @Test(
        arguments: [
            (.epochSeconds, "253402300800", .timeOutOfRange), (.epochSeconds, "-62135596801", .timeOutOfRange),
            (.epochSeconds, "-62135596800.0000001", .timeOutOfRange), (.epochSeconds, "1e300", .timeOutOfRange),
            (.epochSeconds, "1538351997123", .timeOutOfRange),
            (.epochMilliseconds, "9223372036854775807", .timeOutOfRange),
            (.epochMicroseconds, "-9223372036854775809", .timeOutOfRange),
            (.epochMicroseconds, "1e18", .timeOutOfRange),
            (.epochMicroseconds, "1.5", .invalidTime), (.epochMicroseconds, "1e-1", .invalidTime),
            (.epochSeconds, "\"\"", .invalidTime), (.epochSeconds, "\"2018-09-30\"", .invalidTime),
            (.epochSeconds, "\"1 \"", .invalidTime),
            (.epochSeconds, "true", .wrongType), (.epochSeconds, "[1]", .wrongType), (.epochSeconds, "{}", .wrongType),
            (.iso8601, "1538351997", .wrongType), (.iso8601, "true", .wrongType), (.iso8601, "null", .fieldNull),
        ] as [(TimeFormat, String, FaultCode)])
    func epochFaults(format: TimeFormat, text: String, code: FaultCode) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.time(format))).fault == Fault(code, field: 0, byteOffset: 5))
    }

    @Test func recordTimes() {
        let schema = EventSchema(
            fields: [
                FieldPlan(name: "seen", path: [], type: .time(.record)),
                FieldPlan(name: "perhaps", path: [], type: .time(.record), isOptional: true),
            ], time: .record)
        let row = Decode.json("{\"seen\":\"not read\"}", schema, recordTime: 5)
        #expect(row == DecodedRow(fault: .none, time: 5, cells: [.number(5), .number(5)]))
        #expect(Decode.json("{}", schema, recordTime: .min).fault == Fault(.invalidTime, field: 0))
        #expect(Decode.json("{}", schema, recordTime: .max).fault == Fault(.timeOutOfRange, field: 0))
        let bare = EventSchema(fields: [schema.fields[1]], time: .record)
        #expect(Decode.json("{}", bare, recordTime: .min).fault == Fault(.invalidTime))
        #expect(Decode.json("{}", bare, recordTime: .max).fault.code == .timeOutOfRange)
        let needed = EventSchema(fields: [schema.fields[1]], time: .field(FieldIndex(0)))
        #expect(Decode.json("{}", needed, recordTime: .min).fault == Fault(.invalidTime, field: 0))
        #expect(Decode.json("{}", needed, recordTime: 8).time == 8)
        let other = EventSchema(
            fields: [schema.fields[1], FieldPlan(name: "at", path: ["at"], type: .time(.epochMicroseconds))],
            time: .field(FieldIndex(1)))
        #expect(
            Decode.json("{\"at\":3}", other, recordTime: .min)
                == DecodedRow(fault: .none, time: 3, cells: [.absent, .number(3)]))
    }

    @Test func theTimeOfAnEventIsNeverOptional() {
        let field = FieldPlan(name: "at", path: ["at"], type: .time(.iso8601), isOptional: true, isNullable: true)
        let schema = EventSchema(fields: [field], time: .field(FieldIndex(0)))
        #expect(Decode.json("{}", schema).fault == Fault(.fieldMissing, field: 0, byteOffset: 2))
        #expect(Decode.json("{\"at\":null}", schema).fault == Fault(.fieldNull, field: 0, byteOffset: 6))
    }

    @Test func ahead() {
        let field = FieldPlan(name: "at", path: ["at"], type: .time(.epochMicroseconds))
        let schema = EventSchema(fields: [field], time: .field(FieldIndex(0)), aheadMicroseconds: 100)
        #expect(Decode.json("{\"at\":1100}", schema, recordTime: 1_000).fault == .none)
        let late = Decode.json("{\"at\":1101}", schema, recordTime: 1_000)
        #expect(late.fault == Fault(.timeAhead, field: 0))
        #expect(late.time == 1_101)
        #expect(Decode.json("{\"at\":1101}", schema, recordTime: .min).fault == .none)
        #expect(Decode.json("{\"at\":1101}", schema, recordTime: .max).fault == .none)
        let without = EventSchema(fields: [field], time: .field(FieldIndex(0)))
        #expect(Decode.json("{\"at\":1101}", without, recordTime: 0).fault == .none)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (1_538_351_997_000_000, "2018-09-30T23:59:57Z"),
            (1_538_351_997_100_000, "2018-09-30T23:59:57.1Z"), (1_538_351_997_000_010, "2018-09-30T23:59:57.00001Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00Z"), (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"), (.min, "0001-01-01T00:00:00Z"),
            (.max, "9999-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func text(microseconds: Int64, expected: String) {
        #expect(
            written(capacity: TimeText.bytesMax) { TimeText.write(EventTime(microseconds: microseconds), to: $0) }
                == expected)
        #expect(TimeText.string(EventTime(microseconds: microseconds)) == expected)
    }

    /// Every day of four centuries, counted by a calendar that only knows month lengths.
    @Test func calendar() {
        var year = 1, month = 1, day = 1
        var mismatches = 0
        for days in 0..<(400 * 366) {
            let date = CivilDate(daysSinceYear1: days)
            if date != CivilDate(year: year, month: month, day: day) { mismatches += 1 }
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            day += 1
            if day > lengths[month - 1] { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(mismatches == 0)
        #expect(year == 401)
    }

    @Test func textReadsBack() {
        let seed: UInt64 = 3
        var random = SeededGenerator(seed: seed)
        let times = (0..<5_000).map { _ in
            Int64.random(in: EventTime.minimum.microseconds...EventTime.maximum.microseconds, using: &random)
        }
        let events = times.map { Array("{\"x\":\"\(TimeText.string(EventTime(microseconds: $0)))\"}".utf8) }
        let rows = Decode.json(events, .one(.time(.iso8601)))
        #expect(rows.map(\.cells) == times.map { [.number($0)] }, "seed \(seed)")
    }
}

extension DecodedRow {
    init(fault: Fault, time: Int64, cells: [Cell]) {
        self.fault = fault
        self.time = time
        self.cells = cells
    }
}

extension CivilDate {
    init(year: Int, month: Int, day: Int) {
        self.init(daysSinceYear1: 0)
        self.year = year
        self.month = month
        self.day = day
    }
}
