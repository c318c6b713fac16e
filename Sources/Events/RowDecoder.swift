import CSimdjson

/// Where the rows of a source stand in a batch of several.
struct RowTarget {
    let source: UInt8
    /// Its first field's column; the others follow.
    let firstColumn: Int
    /// Columns of the batch.
    let columnCount: Int

    init(source: UInt8, firstColumn: Int, columnCount: Int) {
        self.source = source
        self.firstColumn = firstColumn
        self.columnCount = columnCount
    }

    /// - Parameter number: the source's place among `sources`.
    init(_ number: Int, of sources: [SourcePlan]) {
        self.init(
            source: UInt8(number), firstColumn: sources[number].columns.lowerBound,
            columnCount: sources.reduce(0) { $0 + $1.columns.count })
    }
}

/// The one owner of a decoder in C, of the row that it fills, and of the way from there into a batch's columns.
struct RowDecoder: ~Copyable {
    let handle: OpaquePointer
    let row: event_row

    private let fieldCount: Int
    private let target: RowTarget
    /// -1: the record's own timestamp is the event's time.
    private let timeField: Int
    /// What orders the event beside its time: -1 the record's own timestamp, -2 nothing.
    private let availableField: Int
    private let aheadMicroseconds: Int64?
    /// Stands for the timestamp of records that have none; `Int64.min`: nothing does.
    private let presentMicroseconds: Int64
    private let stringFields: UnsafeMutableBufferPointer<Int>
    /// Fields that take the record's own timestamp.
    private let recordTimeFields: UnsafeMutableBufferPointer<Int>
    /// Whether a field may stay absent where the record has no timestamp.
    private let mayLackRecordTime: UnsafeMutablePointer<Bool>

    /// - Parameters:
    ///   - available: what orders its events; `nil`: their time.
    ///   - target: `nil`: a batch of this source alone.
    init(schema: EventSchema, available: TimeOrigin? = nil, target: RowTarget? = nil, limits: DecodeLimits) {
        let time = Self.timeField(schema.time, of: schema)
        let available = available == schema.time ? nil : available
        let availableField = available.map { Self.timeField($0, of: schema) ?? -1 } ?? -2
        let handle = Self.makeHandle(schema: schema, times: [time ?? -1, availableField], limits: limits)
        let count = schema.fields.count
        self.handle = handle
        fieldCount = count
        self.target = target ?? RowTarget(source: 0, firstColumn: 0, columnCount: count)
        timeField = time ?? -1
        self.availableField = availableField
        aheadMicroseconds = schema.aheadMicroseconds
        presentMicroseconds = limits.presentMicroseconds ?? .min
        recordTimeFields = Self.indices(of: schema) { $0.type == .time(.record) }
        stringFields = Self.indices(of: schema) { $0.type == .string }
        mayLackRecordTime = .allocate(capacity: max(1, count))
        row = event_row(
            words: .allocate(capacity: max(1, count)), presence: .allocate(capacity: max(1, count)),
            strings: .allocate(capacity: max(1, count)))
        row.words.initialize(repeating: 0, count: count)
        row.presence.initialize(repeating: Presence.absent, count: count)
        row.strings.initialize(repeating: event_string(bytes: nil, length: 0), count: count)
        for (index, plan) in schema.fields.enumerated() {
            (mayLackRecordTime + index).initialize(
                to: (plan.isOptional || plan.isNullable) && index != timeField && index != availableField)
        }
    }

    private static func indices(
        of schema: EventSchema, where isWanted: (FieldPlan) -> Bool
    ) -> UnsafeMutableBufferPointer<Int> {
        let found = schema.fields.indices.filter { isWanted(schema.fields[$0]) }
        let buffer = UnsafeMutableBufferPointer<Int>.allocate(capacity: found.count)
        _ = buffer.initialize(from: found)
        return buffer
    }

    private static func timeField(_ origin: TimeOrigin, of schema: EventSchema) -> Int? {
        guard case .field(let index) = origin else { return nil }
        precondition(
            schema.fields.indices.contains(index.rawValue), "time field \(index.rawValue) of \(schema.fields.count)")
        guard case .time = schema.fields[index.rawValue].type else {
            preconditionFailure("the time of an event is of type \(schema.fields[index.rawValue].type)")
        }
        return index.rawValue
    }

    private static func makeHandle(schema: EventSchema, times: [Int], limits: DecodeLimits) -> OpaquePointer {
        guard
            let handle = event_decoder_create(
                max(0, limits.eventBytesMax), max(1, limits.depthMax), max(0, limits.stringBytesMax))
        else { preconditionFailure("no memory for a decoder") }
        for (index, plan) in schema.fields.enumerated() {
            add(plan, isEventTime: times.contains(index), to: handle)
        }
        precondition(event_decoder_finish(handle), "no memory for a decoder")
        return handle
    }

    deinit {
        event_decoder_destroy(handle)
        row.words.deallocate()
        row.presence.deallocate()
        row.strings.deallocate()
        stringFields.deallocate()
        recordTimeFields.deallocate()
        mayLackRecordTime.deallocate()
    }

    private static func add(_ plan: FieldPlan, isEventTime: Bool, to handle: OpaquePointer) {
        let (type, scale) = code(of: plan.type)
        let field = event_field(
            type: UInt8(truncatingIfNeeded: type), scale: scale,
            // An event without a time is a fault, whatever the field says.
            is_optional: plan.isOptional && !isEventTime, is_nullable: plan.isNullable && !isEventTime,
            integer_min: plan.integerRange?.lowerBound ?? .min, integer_max: plan.integerRange?.upperBound ?? .max,
            float_min: plan.floatRange?.lowerBound ?? -.infinity, float_max: plan.floatRange?.upperBound ?? .infinity)
        precondition(event_decoder_add_field(handle, field), "too many fields")
        guard plan.type != .time(.record) else { return }
        precondition(!plan.path.isEmpty, "field \"\(plan.name)\" has no path")
        for key in plan.path {
            var key = key
            let isAdded = key.withUTF8 { event_decoder_add_key(handle, $0.baseAddress, $0.count) }
            precondition(isAdded, "the path of field \"\(plan.name)\" is longer than \(EVENT_PATH_KEYS_MAX) keys")
        }
    }

    private static func code(of type: FieldType) -> (type: Int, scale: UInt8) {
        switch type {
        case .int: (EVENT_FIELD_INT, 0)
        case .float: (EVENT_FIELD_FLOAT, 0)
        case .bool: (EVENT_FIELD_BOOL, 0)
        case .string: (EVENT_FIELD_STRING, 0)
        case .decimal(let scale): (EVENT_FIELD_DECIMAL, UInt8(truncatingIfNeeded: min(max(scale, 0), 18)))
        case .time(.iso8601): (EVENT_FIELD_ISO8601, 0)
        case .time(.epochSeconds): (EVENT_FIELD_EPOCH, 0)
        case .time(.epochMilliseconds): (EVENT_FIELD_EPOCH, 3)
        case .time(.epochMicroseconds): (EVENT_FIELD_EPOCH, 6)
        case .time(.record): (EVENT_FIELD_OUTSIDE, 0)
        }
    }

    /// Appends the row with its origin and, if `found` or a rule about times speaks against it, its fault.
    ///
    /// `hasRow` is false where nothing was decoded.
    @inline(__always)
    borrowing func append(
        _ found: Fault, hasRow: Bool, recordTime: Int64, offset: Int64, lane: Int32, to batch: EventBatch
    ) {
        let to = batch.count
        precondition(to < batch.capacity, "the batch is full at \(batch.capacity) rows")
        precondition(batch.fieldCount == target.columnCount, "\(target.columnCount) columns into \(batch.fieldCount)")
        batch.count = to &+ 1
        var fault = found
        if fault.code == .none, !recordTimeFields.isEmpty { fault = takeRecordTime(recordTime) }
        let time = eventTime(recordTime: recordTime, hasRow: hasRow)
        let orderTime = orderTime(time, recordTime: recordTime, hasRow: hasRow)
        if fault.code == .none { fault = timeFault(time, orderTime, recordTime: recordTime) }
        if fault.field >= 0 { fault.field &+= Int16(truncatingIfNeeded: target.firstColumn) }
        batch.eventTimes[to] = time
        if batch.hasOrderTimes { batch.orderTimes[to] = orderTime }
        batch.recordTimes[to] = recordTime
        batch.offsets[to] = offset
        batch.lanes[to] = lane
        batch.sources[to] = target.source
        batch.faults[to] = fault
        if fault.code == .none {
            store(in: batch, at: to)
            clear(0..<target.firstColumn, in: batch, at: to)
            clear(target.firstColumn &+ fieldCount..<target.columnCount, in: batch, at: to)
        } else {
            clear(0..<target.columnCount, in: batch, at: to)
        }
    }

    /// Makes a row absent in columns that are not its own.
    @inline(__always)
    private borrowing func clear(_ columns: Range<Int>, in batch: EventBatch, at to: Int) {
        for column in columns {
            batch.wordColumns[column][to] = 0
            batch.presenceColumns[column][to] = Presence.absent
        }
    }

    @inline(__always)
    private borrowing func store(in batch: EventBatch, at to: Int) {
        let words = batch.wordColumns + target.firstColumn
        let presence = batch.presenceColumns + target.firstColumn
        for field in 0..<fieldCount {
            words[field][to] = row.words[field]
            presence[field][to] = row.presence[field]
        }
        for field in stringFields where row.presence[field] == Presence.present {
            guard let bytes = row.strings[field].bytes else { continue }
            words[field][to] = batch.appendString(bytes, length: row.strings[field].length)
        }
    }

    private borrowing func takeRecordTime(_ recordTime: Int64) -> Fault {
        for field in recordTimeFields {
            if recordTime == .min {
                if mayLackRecordTime[field] { continue }
                return Fault(.invalidTime, field: field)
            }
            guard isAccepted(recordTime) else { return Fault(.timeOutOfRange, field: field) }
            row.words[field] = recordTime
            row.presence[field] = Presence.present
        }
        return .none
    }

    /// `Int64.min` where it is not known.
    @inline(__always)
    private borrowing func eventTime(recordTime: Int64, hasRow: Bool) -> Int64 {
        if timeField < 0 { return isAccepted(recordTime) ? recordTime : .min }
        return hasRow && row.presence[timeField] == Presence.present ? row.words[timeField] : .min
    }

    /// An event is not available before it happened, whatever it says.
    @inline(__always)
    private borrowing func orderTime(_ time: Int64, recordTime: Int64, hasRow: Bool) -> Int64 {
        if availableField < -1 { return time }
        if availableField < 0 { return isAccepted(recordTime) ? max(time, recordTime) : time }
        return hasRow && row.presence[availableField] == Presence.present ? max(time, row.words[availableField]) : time
    }

    @inline(__always)
    private borrowing func timeFault(_ time: Int64, _ orderTime: Int64, recordTime: Int64) -> Fault {
        if timeField < 0 || availableField == -1, !isAccepted(recordTime) {
            return Fault(recordTime == .min ? .invalidTime : .timeOutOfRange)
        }
        guard let aheadMicroseconds else { return .none }
        let present = recordTime == .min ? presentMicroseconds : recordTime
        if present == .min { return .none }
        let (limit, isBeyond) = present.addingReportingOverflow(aheadMicroseconds)
        if isBeyond || orderTime <= limit { return .none }
        return Fault(.timeAhead, field: time > limit ? timeField : availableField)
    }

    @inline(__always)
    private borrowing func isAccepted(_ time: Int64) -> Bool {
        time >= EventTime.minimum.microseconds && time <= EventTime.maximum.microseconds
    }
}

extension Fault {
    /// A fault as the decoder in C gives it; its codes are those of `FaultCode`.
    @inline(__always)
    init(_ fault: event_fault) {
        if fault.code == FaultCode.none.rawValue {
            self = .none
            return
        }
        self.init(
            FaultCode(rawValue: fault.code) ?? .invalidJSON, field: Int(fault.field), byteOffset: Int(fault.byte_offset)
        )
    }
}

extension FaultCode {
    /// The codes that C gives, with the number each has there.
    static let sharedWithC: [(code: FaultCode, number: Int)] = [
        (.none, Int(EVENT_FAULT_NONE)), (.eventTooLarge, Int(EVENT_FAULT_EVENT_TOO_LARGE)),
        (.invalidUTF8, Int(EVENT_FAULT_INVALID_UTF8)), (.invalidJSON, Int(EVENT_FAULT_INVALID_JSON)),
        (.nestedTooDeep, Int(EVENT_FAULT_NESTED_TOO_DEEP)), (.notAnObject, Int(EVENT_FAULT_NOT_AN_OBJECT)),
        (.duplicateField, Int(EVENT_FAULT_DUPLICATE_FIELD)), (.fieldMissing, Int(EVENT_FAULT_FIELD_MISSING)),
        (.fieldNull, Int(EVENT_FAULT_FIELD_NULL)), (.wrongType, Int(EVENT_FAULT_WRONG_TYPE)),
        (.numberOutOfRange, Int(EVENT_FAULT_NUMBER_OUT_OF_RANGE)),
        (.tooManyDecimals, Int(EVENT_FAULT_TOO_MANY_DECIMALS)),
        (.stringTooLong, Int(EVENT_FAULT_STRING_TOO_LONG)), (.invalidTime, Int(EVENT_FAULT_INVALID_TIME)),
        (.timeOutOfRange, Int(EVENT_FAULT_TIME_OUT_OF_RANGE)), (.wrongColumnCount, Int(EVENT_FAULT_WRONG_COLUMN_COUNT)),
        (.invalidCSV, Int(EVENT_FAULT_INVALID_CSV)),
    ]
}
