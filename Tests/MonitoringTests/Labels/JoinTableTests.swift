import Testing

@testable import Monitoring

@Suite struct JoinTableTests {
    /// Beside a dictionary and three lists: the same entries, in the same order, through thousands of changes. Keys share
    /// their homes, so that rows of taken places form, wrap around and close again.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func asADictionaryWithLists(seed: UInt64) {
        var random = LabelDraws(seed: seed)
        var table = JoinTable()
        var lists: [[LabelKey]] = [[], [], []]
        var scores: [LabelKey: Double] = [:]
        for round in 0..<3_000 {
            let home = UInt64(bitPattern: -3 + random.below(6))
            let key = LabelKey(sampleBits: UInt64(random.below(60)), placeBits: home)
            let place = table.find(key)
            #expect((place != nil) == (scores[key] != nil), "seed \(seed), round \(round)")
            if let place {
                #expect(table[place].score.bitPattern == scores[key]?.bitPattern)
                for list in 0..<3 { lists[list].removeAll { $0 == key } }
                if random.below(3) == 0 {
                    table.remember(place, label: .positive)
                    lists[2].append(key)
                } else {
                    table.remove(place)
                    scores[key] = nil
                }
            } else if random.below(2) == 0 {
                let score = Double(round)
                table.insert(
                    .init(ScoredEvent(key: key, time: 0, score: score, decision: 0, version: 0)))
                scores[key] = score
                lists[0].append(key)
            } else {
                table.insert(.init(LabelEvent(key: key, available: 0, isPositive: true)))
                scores[key] = .nan
                lists[1].append(key)
            }
            #expect(table.count == scores.count)
            if round % 100 == 0 {
                for role in JoinTable.Role.allCases {
                    #expect(keys(of: role, in: table) == lists[Int(role.rawValue)], "seed \(seed), round \(round)")
                }
            }
        }
    }

    private func keys(of role: JoinTable.Role, in table: JoinTable) -> [LabelKey] {
        var keys: [LabelKey] = []
        var next = table.first(of: role)
        while let place = next {
            keys.append(table[place].key)
            next = table.next(after: place)
        }
        #expect(keys.count == table.count(of: role))
        return keys
    }
}
