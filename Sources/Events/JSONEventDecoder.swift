import CSimdjson

/// Decodes JSON events into rows of a batch; one per worker, since it holds buffers.
///
/// The first fault in document order is reported; missing fields come last, by index; then what is wrong with the time.
/// Two things are found for the event as a whole and come first: bytes that are not UTF-8, and strings that do not end
/// or hold control characters. Broken JSON is found in fields that no schema declares, too.
public final class JSONEventDecoder {
    /// Longer paths than this are a programming error: the checker of pipelines refuses them.
    public static let pathKeysMax = Int(EVENT_PATH_KEYS_MAX)

    private let rows: RowDecoder

    /// - Parameter available: what orders events; `nil`: their time.
    public init(schema: EventSchema, available: TimeOrigin? = nil, limits: DecodeLimits = DecodeLimits()) {
        rows = RowDecoder(schema: schema, available: available, limits: limits)
    }

    /// For events of one of several sources, into batches of all.
    ///
    /// - Parameter number: the source's place among `sources`, at most 255.
    public init(source number: Int, of sources: [SourcePlan], limits: DecodeLimits = DecodeLimits()) {
        rows = RowDecoder(
            schema: sources[number].schema, available: sources[number].available,
            target: RowTarget(number, of: sources), limits: limits)
    }

    /// Appends one row to `batch`, which has the decoder's schema and room for it: the event's fields, or its fault.
    ///
    /// A `value` of `nil` is a tombstone. `recordTime` is in microseconds, `Int64.min` where the record has none.
    /// Complexity: O(bytes + fields), no allocation after warm-up.
    public func decode(
        value: UnsafeRawBufferPointer?, recordTime: Int64, offset: Int64, lane: Int32, into batch: EventBatch
    ) {
        var fault = Fault(.tombstone)
        if let value {
            fault = Fault(
                event_decoder_decode_json(
                    rows.handle, value.baseAddress?.assumingMemoryBound(to: UInt8.self), value.count, rows.row))
        }
        rows.append(fault, hasRow: value != nil, recordTime: recordTime, offset: offset, lane: lane, to: batch)
    }

    /// Appends a row that is a fault, without looking at the event.
    public func refuse(
        _ code: FaultCode, recordTime: Int64, offset: Int64, lane: Int32, into batch: EventBatch
    ) {
        rows.append(Fault(code), hasRow: false, recordTime: recordTime, offset: offset, lane: lane, to: batch)
    }
}
