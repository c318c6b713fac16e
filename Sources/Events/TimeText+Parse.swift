extension TimeText {
    /// Reads a time as an event's `iso8601` field is read: `2018-09-30T23:59:57Z`, with a fraction or an offset if there is
    /// one, a date alone for its midnight. `nil` where it is none.
    ///
    /// For what people write, not for the hot path: it makes a decoder.
    public static func parse(_ text: String) -> EventTime? {
        let field = FieldPlan(name: "time", path: ["time"], type: .time(.iso8601))
        let schema = EventSchema(fields: [field], time: .field(FieldIndex(0)), aheadMicroseconds: nil)
        let decoder = JSONEventDecoder(schema: schema)
        let batch = EventBatch(schema: schema, capacity: 1)
        var text = text
        let value = text.withUTF8 { bytes in
            [UInt8](unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target, count in
                guard let start = target.baseAddress else { return }
                count = JSONText.writeString(bytes, to: start)
            }
        }
        let event = Array("{\"time\":".utf8) + value + Array("}".utf8)
        event.withUnsafeBytes { decoder.decode(value: $0, recordTime: .min, offset: 0, lane: 0, into: batch) }
        return batch.faults[0].code == .none ? EventTime(microseconds: batch.eventTimes[0]) : nil
    }
}
