import Testing

@testable import Features

struct BlockArenaTests {
    @Test func sizesAreRoundedUpToPowersOfTwo() {
        #expect(
            [1, 63, 64, 65, 128, 129, 1 << 20].map { BlockArena.sizeClass(forBytes: $0) } == [6, 6, 6, 7, 7, 8, 20])
    }

    /// Blocks that are taken and given back at random never overlap, and are used again.
    @Test func blocksDoNotOverlap() {
        var random = HistoryRandom(seed: 9)
        var arena = BlockArena()
        var held: [(block: UnsafeMutableRawPointer, sizeClass: Int, mark: UInt8)] = []
        for step in 0..<6_000 {
            if held.count > 60 || (random.chance(40) && !held.isEmpty) {
                let entry = held.remove(at: Int.random(in: held.indices, using: &random))
                for place in [0, (1 << entry.sizeClass) / 2, (1 << entry.sizeClass) - 1] {
                    #expect(entry.block.load(fromByteOffset: place, as: UInt8.self) == entry.mark)
                }
                arena.giveBack(entry.block, sizeClass: entry.sizeClass)
            } else {
                let sizeClass = random.chance(1) ? 21 : Int.random(in: 6...14, using: &random)
                let block = arena.take(sizeClass: sizeClass)
                #expect(UInt(bitPattern: block) % 64 == 0)
                let mark = UInt8(truncatingIfNeeded: step)
                block.initializeMemory(as: UInt8.self, repeating: mark, count: 1 << sizeClass)
                held.append((block, sizeClass, mark))
            }
        }
        #expect(arena.bytesReserved < 16_000_000)
        for entry in held { arena.giveBack(entry.block, sizeClass: entry.sizeClass) }
    }

    private struct Held {
        let block: UnsafeMutableRawPointer
        let sizeClass: Int
        let mark: UInt8
    }

    /// Blocks never overlap, lie at multiples of their size, and keep what is written to them.
    @Test(arguments: [UInt64](1...3))
    func blocksAreTheirOwners(seed: UInt64) {
        var random = HistoryRandom(seed: seed)
        var arena = BlockArena()
        var held: [Held] = []
        for step in 0..<20_000 {
            // Now and then most of it is given back.
            let wanted = step / 2_500 % 2 == 0 ? 70 : 30
            if held.isEmpty || random.chance(wanted) {
                let small = Int.random(in: 1...2_047, using: &random).leadingZeroBitCount - 47
                let sizeClass = random.chance(2) ? 18 : max(BlockArena.smallestClass, small)
                let block = arena.take(sizeClass: sizeClass)
                let mark = UInt8.random(in: 0...255, using: &random)
                block.initializeMemory(as: UInt8.self, repeating: mark, count: 1 << sizeClass)
                held.append(Held(block: block, sizeClass: sizeClass, mark: mark))
                #expect(Int(bitPattern: block) % min(1 << sizeClass, 64) == 0)
            } else {
                let one = held.remove(at: Int.random(in: held.indices, using: &random))
                #expect(isFilled(one), "seed \(seed), step \(step)")
                arena.giveBack(one.block, sizeClass: one.sizeClass)
            }
        }
        for one in held {
            #expect(isFilled(one))
            arena.giveBack(one.block, sizeClass: one.sizeClass)
        }
        let reserved = arena.bytesReserved
        // All that was given back is whole again: it serves the largest blocks without new memory.
        let large = (0..<(reserved >> 18)).map { _ in arena.take(sizeClass: 17) }
        #expect(arena.bytesReserved == reserved && Set(large).count == large.count)
    }

    private func isFilled(_ held: Held) -> Bool {
        let bytes = UnsafeRawBufferPointer(start: held.block, count: 1 << held.sizeClass)
        // Each of the smallest blocks in it, at both ends: debug builds are slow.
        return stride(from: 0, to: bytes.count, by: 64).allSatisfy {
            bytes[$0] == held.mark && bytes[$0 + 63] == held.mark
        }
    }

    /// Owners that all grow alike leave next to nothing behind.
    @Test func whatGrowingOwnersLeaveIsUsedAgain() {
        var random = HistoryRandom(seed: 9)
        var arena = BlockArena()
        var owners = (0..<3_000).map { _ in arena.take(sizeClass: 6) }
        for sizeClass in 6..<11 {
            for owner in owners.indices.shuffled(using: &random) {
                let larger = arena.take(sizeClass: sizeClass + 1)
                arena.giveBack(owners[owner], sizeClass: sizeClass)
                owners[owner] = larger
            }
        }
        let needed = owners.count << 11
        let share = Double(arena.bytesReserved) / Double(needed)
        #expect(share >= 1 && share < 1.5, "\(share)")
    }
}
