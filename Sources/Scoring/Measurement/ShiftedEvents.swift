import Engine
import Events

/// The scored source's events of a file over and over, each pass later than the one before by whole days: event time goes on growing, so
/// that windows forget as they would in a stream, and hours of the day stay what they were.
///
/// Only the time that places an event is moved, in its JSON and as the record's timestamp; other fields of times and ids
/// repeat. Events that cannot be read are left out.
final class ShiftedEvents: EventFeed {
    private struct Place {
        let keyEnd: Int
        let valueEnd: Int
        /// Within all bytes.
        let time: Range<Int>
        let microseconds: Int64
    }

    private static let dayMicroseconds: Int64 = 86_400_000_000
    /// Keys and values, one behind the other.
    private var bytes: [UInt8] = []
    private var places: [Place] = []
    private let format: TimeFormat
    private var next = 0
    private var shift: Int64 = 0
    /// From one pass to the next.
    let passMicroseconds: Int64

    var count: Int { places.count }

    /// - Throws: `RunFailure` where there are no events, or the time of one cannot be found in its text.
    init(_ events: KeyedEvents, of assembly: PipelineAssembly) throws {
        guard case .field(let index) = assembly.scoring.schema.time,
            case .time(let format) = assembly.scoring.schema.fields[index.rawValue].type, format != .record
        else { throw RunFailure("the pipeline takes its times from the records, and the events of a file have none") }
        self.format = format
        let name = assembly.scoring.schema.fields[index.rawValue].path.last ?? ""
        let reader = EventTimeReader(assembly)
        var number = 0
        var (bytes, places) = ([UInt8](), [Place]())
        try events.forEach { key, value in
            number += 1
            guard let key, let time = reader.time(of: value) else { return }
            guard let range = Self.range(of: name, in: value, time, as: format, reader) else {
                throw RunFailure("event \(number): its time cannot be found as \"\(name)\" in its text")
            }
            bytes += key
            let start = bytes.count
            bytes += value
            places.append(
                Place(
                    keyEnd: start, valueEnd: bytes.count, time: start + range.lowerBound..<start + range.upperBound,
                    microseconds: time))
        }
        guard let least = places.map(\.microseconds).min(), let most = places.map(\.microseconds).max() else {
            throw RunFailure("there are no events to send")
        }
        passMicroseconds = ((most - least) / Self.dayMicroseconds + 1) * Self.dayMicroseconds
        (self.bytes, self.places) = (bytes, places)
    }

    func fill(_ chunk: inout EventChunk) throws {
        while !chunk.isFull {
            let place = places[next]
            let (time, overflow) = place.microseconds.addingReportingOverflow(shift)
            guard !overflow, time <= EventTime.maximum.microseconds else {
                throw RunFailure("the events, moved on pass by pass, have reached the end of the calendar")
            }
            let start = next == 0 ? 0 : places[next - 1].valueEnd
            chunk.append(
                timestampMilliseconds: EventChunk.recordMilliseconds(time),
                key: { $0 += bytes[start..<place.keyEnd] },
                value: { value in
                    value += bytes[place.keyEnd..<place.time.lowerBound]
                    Self.append(time, as: format, to: &value)
                    value += bytes[place.time.upperBound..<place.valueEnd]
                })
            next += 1
            if next == places.count {
                next = 0
                shift = shift.addingReportingOverflow(passMicroseconds).partialValue
            }
        }
    }

    /// Where the text of the time stands, without quotes: where another time, written there, is read as that time.
    private static func range(
        of name: String, in value: UnsafeRawBufferPointer, _ time: Int64, as format: TimeFormat,
        _ reader: EventTimeReader
    ) -> Range<Int>? {
        let quoted = [UInt8(ascii: "\"")] + Array(name.utf8) + [UInt8(ascii: "\"")]
        var changed: [UInt8] = []
        var at = 0
        while at + quoted.count < value.count {
            defer { at += 1 }
            guard value[at] == quoted[0], value[at..<at + quoted.count].elementsEqual(quoted),
                let range = token(behind: at + quoted.count, in: value)
            else { continue }
            changed.removeAll(keepingCapacity: true)
            changed += value[..<range.lowerBound]
            append(time + dayMicroseconds, as: format, to: &changed)
            changed += value[range.upperBound...]
            if changed.withUnsafeBytes({ reader.time(of: $0) }) == time + dayMicroseconds { return range }
        }
        return nil
    }

    /// The scalar behind a key's colon: a string's inside, or a number.
    private static func token(behind place: Int, in value: UnsafeRawBufferPointer) -> Range<Int>? {
        func skipBlanks(_ place: Int) -> Int {
            value[place...].firstIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } ?? value.count
        }
        let colon = skipBlanks(place)
        guard colon < value.count, value[colon] == UInt8(ascii: ":") else { return nil }
        let start = skipBlanks(colon + 1)
        guard start < value.count else { return nil }
        if value[start] == UInt8(ascii: "\"") {
            guard let end = value[(start + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            return start + 1..<end
        }
        let end = value[start...].firstIndex { !"+-.0123456789eE".utf8.contains($0) } ?? value.count
        return end > start ? start..<end : nil
    }

    /// The time as the source writes it, without quotes.
    private static func append(_ time: Int64, as format: TimeFormat, to bytes: inout [UInt8]) {
        switch format {
        case .iso8601, .record:
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TimeText.bytesMax) { text in
                guard let start = text.baseAddress else { return }
                let count = TimeText.write(EventTime(microseconds: time), to: start)
                bytes.append(contentsOf: text[..<count])
            }
        case .epochSeconds: append(time, digits: 6, to: &bytes)
        case .epochMilliseconds: append(time, digits: 3, to: &bytes)
        case .epochMicroseconds: append(time, digits: 0, to: &bytes)
        }
    }

    /// A count of 10^-digits as a decimal number, without zeros at its end.
    private static func append(_ count: Int64, digits: Int, to bytes: inout [UInt8]) {
        let unit = (0..<digits).reduce(UInt64(1)) { unit, _ in unit * 10 }
        let (whole, part) = count.magnitude.quotientAndRemainder(dividingBy: unit)
        if count < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes += String(whole).utf8
        if part == 0 { return }
        let text = String(part)
        bytes.append(UInt8(ascii: "."))
        bytes += String(repeating: "0", count: digits - text.utf8.count).utf8
        bytes += text.utf8
        while bytes.last == UInt8(ascii: "0") { bytes.removeLast() }
    }
}

/// Reads the event time of one event at a time.
private final class EventTimeReader {
    private let decoder: JSONEventDecoder
    private let batch: EventBatch

    init(_ assembly: PipelineAssembly) {
        let plan = assembly.scoring
        decoder = JSONEventDecoder(source: 0, of: plan.sources, limits: plan.decodeLimits)
        batch = plan.makeBatch(capacity: 1)
    }

    /// `nil` where the event cannot be read.
    func time(of value: UnsafeRawBufferPointer) -> Int64? {
        batch.removeAll()
        decoder.decode(value: value, recordTime: .min, offset: 0, lane: 0, into: batch)
        return batch.faults[0].code == .none ? batch.eventTimes[0] : nil
    }
}
