import Testing

@testable import Drift

/// Numbers that CPython 3.11 gave.
@Suite struct MersenneTwisterTests {
    static let drawn: [(seed: Int, words: [UInt32], population: Int, sample: [Int])] = [
        (
            0, [3626764237, 1654615998, 3255389356], 70,
            [
                49, 53, 5, 33, 65, 62, 51, 58, 50, 68, 19, 30, 22, 37, 13, 32, 8, 18, 60, 48, 6, 39, 16, 34, 45, 38, 9,
                59, 69, 4,
            ]
        ),
        (
            42, [2746317213, 478163327, 107420369], 70,
            [
                14, 3, 35, 31, 28, 17, 13, 43, 47, 57, 34, 5, 37, 27, 2, 1, 58, 63, 69, 32, 38, 54, 67, 12, 45, 41, 59,
                26, 51, 65,
            ]
        ),
        (12345678901234, [107551873, 2403399316, 624174316], 1000, [25, 573, 148]),
        (1, [577090037, 2444712010, 3639700191], 21, [4, 18, 2, 8, 3]),
        (9, [1988601454, 2633739374, 1603362544], 22, [14, 19, 11, 8, 4]),
        (
            3, [1022050301, 2545373330, 2337446730], 277,
            [
                121, 66, 189, 242, 33, 6, 240, 132, 119, 98, 270, 243, 203, 77, 118, 263, 199, 7, 32, 81, 21, 154, 260,
                259, 210, 221, 68, 276, 152, 184,
            ]
        ),
        (
            3, [1022050301, 2545373330, 2337446730], 278,
            [
                121, 66, 189, 242, 33, 6, 240, 132, 119, 98, 276, 243, 203, 77, 118, 267, 199, 7, 32, 81, 21, 154, 15,
                137, 198, 218, 202, 227, 68, 187,
            ]
        ),
        (5, [2675342405, 1097127993, 3185950873], 1, [0]),
    ]

    @Test(arguments: drawn)
    func wordsAndSamplesAreCPythons(seed: Int, words: [UInt32], population: Int, sample: [Int]) {
        var generator = MersenneTwister(seed: seed)
        let found = words.map { _ in generator.word() }
        #expect(found == words)
        var again = MersenneTwister(seed: seed)
        var drawing = SampleDrawing(sample.count, of: population)
        drawing.draw(&again)
        #expect(drawing.places == sample)
        drawing.draw(&again)
        #expect(Set(drawing.places).count == sample.count)
    }
}
