import Events
import Generation
import Testing

/// Labels come a while after their transactions, in their order.
struct CardLabelTests {
    private static func transaction(_ id: Int64, at seconds: Int64, isFraud: Bool = false) -> CardTransaction {
        CardTransaction(
            transactionID: id, time: EventTime(microseconds: seconds * 1_000_000), customerID: 7, terminalID: 9,
            amountCents: 1_250, scenario: isFraud ? .largeAmount : .none)
    }

    @Test func aLabelWaitsForItsTime() {
        var pending = PendingLabels(delayMicroseconds: 60_000_000)
        pending.add(Self.transaction(1, at: 100, isFraud: true))
        pending.add(Self.transaction(2, at: 130))
        #expect(pending.next(at: EventTime(microseconds: 159_999_999)) == nil)
        let label = pending.next(at: EventTime(microseconds: 160_000_000))
        #expect(label?.transactionID == 1 && label?.isFraud == true && label?.terminalID == 9)
        #expect(label?.time.microseconds == 100_000_000 && label?.labelledAt.microseconds == 160_000_000)
        #expect(pending.count == 2)
        pending.removeFirst()
        #expect(pending.next(at: EventTime(microseconds: 189_000_000)) == nil)
        #expect(pending.next(at: EventTime(microseconds: 190_000_000))?.transactionID == 2)
    }

    /// Whatever is taken out in between, each label comes once, in order.
    @Test(arguments: [1, 7, 5_000] as [Int64]) func everyLabelComesOnce(delaySeconds: Int64) {
        var pending = PendingLabels(delayMicroseconds: delaySeconds * 1_000_000)
        var found: [Int64] = []
        for id in 0..<20_000 as Range<Int64> {
            while let label = pending.next(at: EventTime(microseconds: id * 1_000_000)) {
                found.append(label.transactionID)
                pending.removeFirst()
            }
            pending.add(Self.transaction(id, at: id))
        }
        #expect(found == Array(0..<20_000 - delaySeconds))
        #expect(pending.count == Int(delaySeconds))
    }

    @Test func aLabelIsWrittenAsJSONAndAsARow() {
        let label = CardLabel(
            Self.transaction(12, at: 1_538_351_997, isFraud: true),
            labelledAt: EventTime(microseconds: 1_538_956_797_000_000))
        var bytes: [UInt8] = []
        CardTransactionWriter.appendJSON(label, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        CardTransactionWriter.appendCSV(label, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        CardTransactionWriter.appendKey(label, to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"transaction_id":12,"terminal_id":"9","tx_datetime":"2018-09-30T23:59:57Z",\
                "labelled_at":"2018-10-07T23:59:57Z","tx_fraud":true}
                12,9,2018-09-30T23:59:57Z,2018-10-07T23:59:57Z,true
                9
                """)
        #expect(CardTransactionWriter.labelHeader.split(separator: ",").count == 5)
    }

    @Test func anEventMayLeaveItsLabelOut() {
        var bytes: [UInt8] = []
        CardTransactionWriter.appendJSON(Self.transaction(1, at: 0), hasLabel: false, to: &bytes)
        bytes.append(UInt8(ascii: " "))
        CardTransactionWriter.appendCSV(Self.transaction(1, at: 0), hasLabel: false, to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"transaction_id":1,"tx_datetime":"1970-01-01T00:00:00Z","customer_id":"7","terminal_id":"9",\
                "tx_amount":12.50} 1,1970-01-01T00:00:00Z,7,9,12.50
                """)
    }
}
