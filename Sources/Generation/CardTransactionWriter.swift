import Events

/// Writes card transactions as bytes: a JSON object or a CSV row, both without the end of line.
///
/// JSON and CSV have the same names in the same order; ids of customers and terminals are text, the amount has two
/// decimals, the time is ISO 8601 in UTC.
public enum CardTransactionWriter: Sendable {
    /// No transaction takes more bytes than this in either form.
    public static let eventBytesMax = 288
    /// The first line of a CSV file, without the end of line.
    public static let csvHeader = unlabelledHeader + ",tx_fraud"
    /// That of a file whose labels stand in another one.
    public static let unlabelledHeader = "transaction_id,tx_datetime,customer_id,terminal_id,tx_amount"

    /// That of a file with the transactions that options make.
    public static func header(of options: CardTransactionOptions, hasLabel: Bool) -> String {
        unlabelledHeader + (options.hasChannels ? ",channel" : "") + (options.hasRegions ? ",region" : "")
            + (hasLabel ? ",tx_fraud" : "")
    }

    /// Appends `{"transaction_id":1,"tx_datetime":"2018-09-30T23:59:57Z","customer_id":"7",…}`. Allocates only where
    /// `bytes` grows.
    ///
    /// - Parameter hasLabel: whether it says if it is fraud.
    public static func appendJSON(_ transaction: CardTransaction, hasLabel: Bool = true, to bytes: inout [UInt8]) {
        append(to: &bytes) { $0.json(transaction, hasLabel: hasLabel) }
    }

    /// Appends a row under `csvHeader`, or without a label under `unlabelledHeader`; where the transaction has a channel or
    /// a region, under the `header` of options that have them, too. Allocates only where `bytes` grows.
    public static func appendCSV(_ transaction: CardTransaction, hasLabel: Bool = true, to bytes: inout [UInt8]) {
        append(to: &bytes) { $0.csv(transaction, hasLabel: hasLabel) }
    }

    /// Appends the customer's id as text: the key of the record in Kafka.
    public static func appendKey(_ transaction: CardTransaction, to bytes: inout [UInt8]) {
        append(to: &bytes) { $0.number(Int64(transaction.customerID)) }
    }

    @inline(__always)
    static func append(to bytes: inout [UInt8], _ write: (inout ByteCursor) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: eventBytesMax) { scratch in
            var cursor = ByteCursor(scratch)
            write(&cursor)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: scratch[..<cursor.count]))
        }
    }
}

/// Fills a buffer from its start. Every write is checked against the buffer's end.
struct ByteCursor {
    private static let secondMicroseconds: Int64 = 1_000_000
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func json(_ transaction: CardTransaction, hasLabel: Bool) {
        text("{\"transaction_id\":")
        number(transaction.transactionID)
        text(",\"tx_datetime\":\"")
        time(transaction.time.microseconds)
        text("\",\"customer_id\":\"")
        number(Int64(transaction.customerID))
        text("\",\"terminal_id\":\"")
        number(Int64(transaction.terminalID))
        byte(UInt8(ascii: "\""))
        if !transaction.lacksAmount {
            text(",\"tx_amount\":")
            cents(transaction.amountCents)
        }
        if let channel = transaction.channel {
            text(",\"channel\":\"")
            text(channel.name)
            byte(UInt8(ascii: "\""))
        }
        if let region = transaction.region {
            text(",\"region\":\"")
            text(region.name)
            byte(UInt8(ascii: "\""))
        }
        if !hasLabel { return byte(UInt8(ascii: "}")) }
        text(transaction.isFraud ? ",\"tx_fraud\":true}" : ",\"tx_fraud\":false}")
    }

    mutating func csv(_ transaction: CardTransaction, hasLabel: Bool) {
        number(transaction.transactionID)
        byte(UInt8(ascii: ","))
        time(transaction.time.microseconds)
        byte(UInt8(ascii: ","))
        number(Int64(transaction.customerID))
        byte(UInt8(ascii: ","))
        number(Int64(transaction.terminalID))
        byte(UInt8(ascii: ","))
        if !transaction.lacksAmount { cents(transaction.amountCents) }
        if let channel = transaction.channel {
            byte(UInt8(ascii: ","))
            text(channel.name)
        }
        if let region = transaction.region {
            byte(UInt8(ascii: ","))
            text(region.name)
        }
        if hasLabel { text(transaction.isFraud ? ",true" : ",false") }
    }

    @inline(__always)
    mutating func byte(_ byte: UInt8) {
        precondition(count < buffer.count, "an event longer than \(buffer.count) bytes")
        buffer[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func text(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        precondition(length <= buffer.count - count, "an event longer than \(buffer.count) bytes")
        (buffer.baseAddress! + count).update(from: text.utf8Start, count: length)
        count += length
    }

    mutating func number(_ value: Int64) {
        if value < 0 { byte(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var digits = 1
        var power: UInt64 = 10
        while digits < 19, rest >= power {
            digits += 1
            power &*= 10
        }
        precondition(digits <= buffer.count - count, "an event longer than \(buffer.count) bytes")
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            buffer[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    mutating func cents(_ value: Int64) {
        if value < 0 { byte(UInt8(ascii: "-")) }
        number(Int64(value.magnitude / 100))
        byte(UInt8(ascii: "."))
        twoDigits(Int64(value.magnitude % 100))
    }

    @inline(__always)
    private mutating func twoDigits(_ value: Int64) {
        byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10))
        byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// `2018-09-30T23:59:57Z`; fractions of a second are cut off.
    mutating func time(_ microseconds: Int64) {
        let (day, withinDay) = floorDivide(microseconds, CardTransactionGenerator.dayMicroseconds)
        let date = CivilDate(daysSince1970: day)
        twoDigits(date.year / 100)
        twoDigits(date.year % 100)
        byte(UInt8(ascii: "-"))
        twoDigits(date.month)
        byte(UInt8(ascii: "-"))
        twoDigits(date.day)
        byte(UInt8(ascii: "T"))
        let second = withinDay / Self.secondMicroseconds
        twoDigits(second / 3_600)
        byte(UInt8(ascii: ":"))
        twoDigits(second / 60 % 60)
        byte(UInt8(ascii: ":"))
        twoDigits(second % 60)
        byte(UInt8(ascii: "Z"))
    }
}

/// A day of the Gregorian calendar, in the years 1 to 9999.
struct CivilDate: Hashable {
    var year: Int64
    var month: Int64
    var day: Int64

    init(daysSince1970 days: Int64) {
        // Years are taken to begin in March, so that the leap day is a year's last: 400 years have 146,097 days, a
        // century 36,524 (the last one more), four years 1,461, a year 365 (the last one more).
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let century = min(3, dayOfEra / 36_524)
        let dayOfCentury = dayOfEra - century * 36_524
        let quad = dayOfCentury / 1_461
        let dayOfQuad = dayOfCentury - quad * 1_461
        let yearOfQuad = min(3, dayOfQuad / 365)
        let dayOfYear = dayOfQuad - yearOfQuad * 365
        // From March on, five months always have 153 days.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + century * 100 + quad * 4 + yearOfQuad + (month <= 2 ? 1 : 0)
    }
}

/// The quotient rounded down, and the remainder, which is never negative.
@inline(__always)
private func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let quotient = value / divisor - (value % divisor < 0 ? 1 : 0)
    return (quotient, value - quotient * divisor)
}
