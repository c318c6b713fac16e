import Testing

@testable import Monitoring

@Suite struct LabelKeyTests {
    /// The bytes 0, 1, 2, … under the key 00 01 … 0F: as OpenSSL's SIPHASH with 16 bytes gives them.
    @Test(arguments: [
        (0, "A3817F04BA25A8E66DF67214C7550293"),
        (1, "DA87C1D86B99AF44347659119B22FC45"),
        (7, "A1F1EBBED8DBC153C0B84AA61FF08239"), (8, "3B62A9BA6258F5610F83E264F31497B4"),
        (9, "264499060AD9BAABC47F8B02BB6D71ED"), (15, "5493E99933B0A8117E08EC0F97CFC3D9"),
        (16, "6EE2A4CA67B054BBFD3315BF85230577"), (63, "5150D1772F50834A503E069A973FBD7C"),
    ])
    func publishedHashes(length: Int, expected: String) {
        let message = (0..<length).map { UInt8($0) }
        let (low, high) = message.withUnsafeBytes {
            SipHash128.of($0, key: (low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908))
        }
        let bytes = [low, high].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        #expect(text == expected)
    }

    @Test(arguments: [0, 7, -7, 10, 1_234_567_890, .max, .min] as [Int64])
    func aNumberIsItsDigits(number: Int64) {
        #expect(LabelKey(number) == LabelKey(String(number)))
    }

    @Test func levelsHalveTheSample() {
        let keys = (0..<20_000).map { LabelKey(Int64($0)) }
        #expect(Set(keys).count == keys.count)
        for level in 0...4 {
            let count = keys.count { $0.isSampled(at: level) }
            // Five standard deviations.
            let expected = 20_000 * LabelKey.share(ofLevel: level)
            #expect(abs(Double(count) - expected) <= 5 * (expected * (1 - expected / 20_000)).squareRoot())
        }
        #expect(keys.allSatisfy { !$0.isSampled(at: 3) || $0.isSampled(at: 2) })
        #expect(!LabelKey(sampleBits: 2, placeBits: 0).isSampled(at: LabelKey.levelMax))
        #expect(LabelKey(sampleBits: 1, placeBits: 0).isSampled(at: LabelKey.levelMax))
    }
}
