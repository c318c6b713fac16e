import Events
import Foundation
import Testing

@testable import Generation

struct CardTransactionWriterTests {
    static let sample = CardTransaction(
        transactionID: 1_754_154, time: EventTime(microseconds: 1_538_351_997_000_000), customerID: 7,
        terminalID: 9_999, amountCents: 12_05, scenario: .largeAmount)

    static func json(_ transaction: CardTransaction) -> String {
        var bytes: [UInt8] = []
        CardTransactionWriter.appendJSON(transaction, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func csv(_ transaction: CardTransaction) -> String {
        var bytes: [UInt8] = []
        CardTransactionWriter.appendCSV(transaction, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("one transaction as JSON, as CSV and as a key")
    func forms() {
        #expect(
            Self.json(Self.sample)
                == #"{"transaction_id":1754154,"tx_datetime":"2018-09-30T23:59:57Z","customer_id":"7","#
                + #""terminal_id":"9999","tx_amount":12.05,"tx_fraud":true}"#)
        #expect(Self.csv(Self.sample) == "1754154,2018-09-30T23:59:57Z,7,9999,12.05,true")
        var key: [UInt8] = Array("key ".utf8)
        CardTransactionWriter.appendKey(Self.sample, to: &key)
        #expect(String(decoding: key, as: UTF8.self) == "key 7")
    }

    @Test("amounts have two decimals", arguments: [(1, "0.01"), (10, "0.10"), (100, "1.00"), (2_000_00, "2000.00")])
    func amounts(cents: Int64, text: String) {
        var transaction = Self.sample
        transaction.amountCents = cents
        #expect(Self.csv(transaction).hasSuffix(",\(text),true"))
    }

    @Test("the longest values stay within the bound")
    func longest() {
        let transaction = CardTransaction(
            transactionID: .min, time: .maximum, customerID: .min, terminalID: .min, amountCents: .min)
        #expect(
            Self.json(transaction)
                == #"{"transaction_id":-9223372036854775808,"tx_datetime":"9999-12-31T23:59:59Z","#
                + #""customer_id":"-9223372036854775808","terminal_id":"-9223372036854775808","#
                + #""tx_amount":-92233720368547758.08,"tx_fraud":false}"#)
        #expect(Self.json(transaction).utf8.count <= CardTransactionWriter.eventBytesMax)
    }

    @Test("every JSON object parses back to its transaction, every row has the header's columns")
    func readBack() throws {
        let formatter = ISO8601DateFormatter()
        let columns = CardTransactionWriter.csvHeader.split(separator: ",")
        for transaction in transactions(CardTransactionOptions(seed: 4, days: 3, customers: 60, terminals: 90)) {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(Self.json(transaction).utf8)) as? [String: Any])
            #expect(Set(object.keys) == Set(columns.map(String.init)))
            #expect((object["transaction_id"] as? NSNumber)?.int64Value == transaction.transactionID)
            let timeText = try #require(object["tx_datetime"] as? String)
            let date = try #require(formatter.date(from: timeText))
            #expect(Int64(date.timeIntervalSince1970) * 1_000_000 == transaction.time.microseconds)
            #expect(object["customer_id"] as? String == String(transaction.customerID))
            #expect(object["terminal_id"] as? String == String(transaction.terminalID))
            let amount = try #require((object["tx_amount"] as? NSNumber)?.doubleValue)
            #expect(Int64((amount * 100).rounded()) == transaction.amountCents)
            #expect(object["tx_fraud"] as? Bool == transaction.isFraud)
            let row = Self.csv(transaction).split(separator: ",", omittingEmptySubsequences: false)
            #expect(row.count == columns.count)
            #expect(row[0] == "\(transaction.transactionID)" && row[5] == "\(transaction.isFraud)")
            #expect(row[1] == timeText)
        }
    }

    @Test("dates agree with a count of days over the whole calendar")
    func dates() {
        // 0001-01-01 is 719,162 days before 1970-01-01.
        var expected: (year: Int64, month: Int64, day: Int64) = (1, 1, 1)
        let lengths: [Int64] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var wrong = 0
        for days in Int64(-719_162)...2_932_896 {
            let date = CivilDate(daysSince1970: days)
            wrong += (date.year, date.month, date.day) == expected ? 0 : 1
            let isLeap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0)
            let length = expected.month == 2 && isLeap ? 29 : lengths[Int(expected.month) - 1]
            expected.day += 1
            if expected.day > length { (expected.month, expected.day) = (expected.month + 1, 1) }
            if expected.month > 12 { (expected.year, expected.month) = (expected.year + 1, 1) }
        }
        #expect(wrong == 0)
        #expect(expected == (10_000, 1, 1))
    }

    @Test("times before 1970 and fractions are rounded down to the second")
    func earlyTimes() {
        var transaction = Self.sample
        transaction.time = EventTime(microseconds: -1)
        #expect(Self.csv(transaction).contains(",1969-12-31T23:59:59Z,"))
        transaction.time = .minimum
        #expect(Self.csv(transaction).contains(",0001-01-01T00:00:00Z,"))
    }
}
