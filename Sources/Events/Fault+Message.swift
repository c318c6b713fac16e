extension Fault {
    /// One sentence: what is wrong, where, and how to mend it. No value from the event ever stands in it.
    ///
    /// For dead letters and logs, not for the hot path. `schema` is that of the batch in which the fault stands.
    public func message(schema: EventSchema) -> String {
        let plan = field >= 0 && Int(field) < schema.fields.count ? schema.fields[Int(field)] : nil
        let name = plan.map { "field \"\($0.name)\"" } ?? "the event"
        let place = Self.hasPlace(code) ? " (at byte \(byteOffset))" : ""
        return "\(description(of: name, plan: plan))\(place): \(remedy(plan: plan))"
    }

    private static func hasPlace(_ code: FaultCode) -> Bool {
        switch code {
        case .none, .tombstone, .eventTooLarge, .fieldMissing, .timeAhead, .late, .quarantined: false
        default: true
        }
    }

    private func description(of name: String, plan: FieldPlan?) -> String {
        switch code {
        case .none: "nothing is wrong"
        case .tombstone: "the record has no value"
        case .eventTooLarge: "the event is too large"
        case .invalidUTF8: "the event is not valid UTF-8"
        case .invalidJSON: "the event is not valid JSON"
        case .nestedTooDeep: "the event is nested too deep"
        case .notAnObject: "the event is JSON, but not an object"
        case .duplicateField: "\(name) is there more than once"
        case .fieldMissing: "\(name) is missing"
        case .fieldNull: "\(name) is null"
        case .wrongType: "\(name) is not \(plan.map { Self.noun($0.type) } ?? "of its type")"
        case .numberOutOfRange: "\(name) is out of range"
        case .tooManyDecimals: "\(name) has too many digits behind the point"
        case .stringTooLong: "\(name) is too long"
        case .invalidTime: "\(name) is not a valid time"
        case .timeOutOfRange: "\(name) is a time outside the years 1 to 9999"
        case .timeAhead: "\(name) is further ahead of the record's timestamp, or in a file of the present, than allowed"
        case .wrongColumnCount: "the row has another number of columns than the header"
        case .invalidCSV: "the row is not valid CSV"
        case .late: "the event is late"
        case .quarantined: "the process died twice while it worked on the event"
        }
    }

    private func remedy(plan: FieldPlan?) -> String {
        switch code {
        case .none: "there is nothing to mend"
        case .tombstone: "send events, not tombstones, to a source's topic"
        case .eventTooLarge: "send smaller events or raise the limit"
        case .invalidUTF8: "encode it as UTF-8, and escape only whole surrogate pairs"
        case .invalidJSON: "send one complete JSON object and nothing behind it"
        case .nestedTooDeep: "flatten it or raise the limit"
        case .notAnObject: "send one JSON object per record"
        case .duplicateField: "send each key once"
        case .fieldMissing: "send it, or declare the field optional"
        case .fieldNull: "send a value, or declare the field nullable"
        case .wrongType: Self.wanted(plan?.type)
        case .numberOutOfRange: Self.range(plan)
        case .tooManyDecimals: Self.decimals(plan?.type)
        case .stringTooLong: "shorten it or raise the limit"
        case .invalidTime: Self.wanted(plan?.type ?? .time(.record))
        case .timeOutOfRange: "check its unit and its format"
        case .timeAhead: "check the producer's clock, or raise \"ahead\""
        case .wrongColumnCount: "quote cells that hold commas, quotes or line ends"
        case .invalidCSV: "close every quote, and double quotes inside quoted cells"
        case .quarantined: "report it with the event's bytes, and send it again after an update"
        case .late: "send it sooner, or raise \"late.after\""
        }
    }

    private static func noun(_ type: FieldType) -> String {
        switch type {
        case .int: "an integer"
        case .float: "a number"
        case .bool: "a boolean"
        case .string: "a string"
        case .decimal: "a decimal number"
        case .time: "a time"
        }
    }

    private static func wanted(_ type: FieldType?) -> String {
        switch type {
        case .int: "send a whole number without quotes, point or exponent"
        case .float: "send a number without quotes"
        case .bool: "send true or false without quotes"
        case .string: "send text in quotes"
        case .decimal(let scale): "send a number with at most \(scale) digits behind the point"
        case .time(.iso8601): "send ISO 8601 text such as \"2018-09-30T23:59:57Z\""
        case .time(.epochSeconds): "send the seconds since 1970 as a number"
        case .time(.epochMilliseconds): "send the milliseconds since 1970 as a number"
        case .time(.epochMicroseconds): "send the microseconds since 1970 as a whole number"
        case .time(.record): "the record needs a timestamp of its own"
        case nil: "send what the schema declares"
        }
    }

    private static func decimals(_ type: FieldType?) -> String {
        guard case .decimal(let scale) = type else { return "send fewer digits" }
        return "send at most \(scale), or raise the field's scale"
    }

    private static func range(_ plan: FieldPlan?) -> String {
        switch plan?.type {
        case .float:
            guard let range = plan?.floatRange else { return "send a number that a 64-bit float can hold" }
            return "send a number from \(range.lowerBound) to \(range.upperBound)"
        case .decimal(let scale):
            guard let range = plan?.integerRange else { return "send a number that 64 bits can hold" }
            return "send a number from \(decimal(range.lowerBound, scale)) to \(decimal(range.upperBound, scale))"
        default:
            guard let range = plan?.integerRange else { return "send a number that 64 bits can hold" }
            return "send a number from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    private static func decimal(_ units: Int64, _ scale: Int) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            let length = NumberText.writeDecimal(units: units, scale: scale, to: start)
            return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
        }
    }
}
