import Events
import Testing

@testable import Generation

/// Each drift against the same payments without it.
struct PlantedDriftTests {
    static let options = CardTransactionOptions(
        seed: 20_260_601, days: 30, customers: 400, terminals: 800, hasChannels: true, hasRegions: true)

    struct Pair {
        var before: CardTransaction
        var after: CardTransaction
        var day: Int { PlantedDriftTests.day(of: before) }
    }

    static func day(of transaction: CardTransaction) -> Int {
        Int((transaction.time.microseconds - options.firstDay.microseconds) / 86_400_000_000)
    }

    static func drifted(_ drifts: [PlantedDrift]) -> [CardTransaction] {
        var options = options
        options.drifts = drifts
        return transactions(options)
    }

    /// Payments of the drift's days 10 to 19, beside what they are without it; all others must be the same.
    static func pairs(_ kind: PlantedDrift.Kind) throws -> [Pair] {
        let plain = transactions(options)
        let made = drifted([PlantedDrift(kind, firstDay: 10, lastDay: 19)])
        try #require(plain.count == made.count)
        let pairs = zip(plain, made).map { Pair(before: $0, after: $1) }
        for pair in pairs {
            if !(10...19).contains(pair.day) { #expect(pair.before == pair.after, "\(kind) on day \(pair.day)") }
            // Who pays, when and where is as it was.
            var other = pair.after
            other.amountCents = pair.before.amountCents
            other.scenario = pair.before.scenario
            other.channel = pair.before.channel
            other.lacksAmount = pair.before.lacksAmount
            #expect(other == pair.before)
        }
        return pairs.filter { (10...19).contains($0.day) }
    }

    /// A large amount is fraud, whatever made it large; nothing else about fraud has changed.
    private func expectRulesOfFraud(_ pair: Pair) {
        let isCompromised = pair.before.scenario.rawValue > FraudScenario.largeAmount.rawValue
        let isLarge = pair.after.amountCents > CardTransaction.largeAmountCents
        #expect(pair.after.scenario == (isCompromised ? pair.before.scenario : isLarge ? .largeAmount : .none))
    }

    private static func share(_ count: Int, of whole: Int) -> Double { Double(count) / Double(whole) }

    @Test func amountsAreHigher() throws {
        for pair in try Self.pairs(.amountMean) {
            let isRaised = pair.before.scenario == .compromisedCustomer
            // Of a compromised card the amount is rounded before it is taken five times.
            let expected = Double(pair.before.amountCents) * 1.3
            #expect(abs(Double(pair.after.amountCents) - expected) <= (isRaised ? 2.5 : 0.5) + 1e-6)
            expectRulesOfFraud(pair)
        }
    }

    @Test func amountsSpreadAroundTheSameMean() throws {
        let pairs = try Self.pairs(.amountSpread)
        var high = 0
        for pair in pairs {
            let ratio = Double(pair.after.amountCents) / Double(pair.before.amountCents)
            if ratio > 1 { high += 1 }
            if pair.before.amountCents > 1_000 { #expect(abs(ratio - (ratio > 1 ? 1.6 : 0.4)) < 0.005) }
            expectRulesOfFraud(pair)
        }
        // Five standard errors of a fair coin over some 8,000 payments.
        #expect(abs(Self.share(high, of: pairs.count) - 0.5) < 2.5 / Double(pairs.count).squareRoot())
    }

    @Test func amountsRiseSlowlyAndStay() throws {
        let plain = transactions(Self.options)
        let made = Self.drifted([PlantedDrift(.amountSlow, firstDay: 10)])
        for (before, after) in zip(plain, made) where before.amountCents > 1_000 {
            let steps = min(14, max(0, Self.day(of: before) - 9))
            let ratio = Double(after.amountCents) / Double(before.amountCents)
            #expect(abs(ratio - (1 + 0.5 * Double(steps) / 14)) < 0.003, "day \(Self.day(of: before))")
        }
        _ = try Self.pairs(.amountSlow)
    }

    @Test func someAmountsAreExtreme() throws {
        let pairs = try Self.pairs(.contamination)
        let changed = pairs.filter { $0.before.amountCents != $0.after.amountCents }
        #expect((0.006...0.014).contains(Self.share(changed.count, of: pairs.count)))
        for pair in changed {
            // A compromised card's is five times as much.
            #expect((1_000_00...50_000_00).contains(pair.after.amountCents))
            #expect(pair.after.isFraud)
        }
        #expect(Set(changed.map(\.after.amountCents)).count > changed.count / 2)
    }

    @Test func someAmountsAreMissing() throws {
        let pairs = try Self.pairs(.missingAmount)
        let without = pairs.filter(\.after.lacksAmount)
        #expect((0.04...0.06).contains(Self.share(without.count, of: pairs.count)))
        for pair in pairs { #expect(pair.before.scenario == pair.after.scenario) }
        var bytes: [UInt8] = []
        CardTransactionWriter.appendJSON(try #require(without.first?.after), to: &bytes)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("tx_amount"))
        bytes = []
        CardTransactionWriter.appendCSV(try #require(without.first?.after), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)[4] == "")
    }

    @Test func fraudIsTwiceAsFrequentAtOnce() throws {
        let pairs = try Self.pairs(.fraudRate)
        func compromised(_ side: KeyPath<Pair, CardTransaction>, _ days: ClosedRange<Int>) -> Double {
            Double(
                pairs.count {
                    days.contains($0.day) && $0[keyPath: side].scenario.rawValue > FraudScenario.largeAmount.rawValue
                })
        }
        for days in [10...12, 13...19] {
            let ratio = compromised(\.after, days) / compromised(\.before, days)
            #expect((1.5...2.5).contains(ratio), "\(ratio) times on days \(days)")
        }
        for pair in pairs where pair.before.scenario.rawValue > FraudScenario.largeAmount.rawValue {
            #expect(pair.before == pair.after)
        }
    }

    @Test func oneRegionsTerminalsAreAtRisk() throws {
        let pairs = try Self.pairs(.regionRisk)
        let changed = pairs.filter { $0.before != $0.after }
        #expect(changed.count > 20)
        for pair in pairs {
            let isAtRisk = pair.after.region == .northEast && pair.after.terminalID % 20 == 7
            if isAtRisk { #expect(pair.after.isFraud) } else { #expect(pair.before == pair.after) }
        }
    }

    @Test func oneChannelsAmountsAreHigher() throws {
        let pairs = try Self.pairs(.channelAmount)
        #expect(pairs.contains { $0.before.channel == .atm })
        for pair in pairs {
            let factor: Int64 = pair.before.channel == .atm ? 2 : 1
            #expect(pair.after.amountCents == pair.before.amountCents * factor)
            expectRulesOfFraud(pair)
        }
    }

    @Test func aChannelAppears() throws {
        let pairs = try Self.pairs(.unseenChannel)
        #expect(!pairs.contains { $0.before.channel == .wallet })
        let share = Self.share(pairs.count { $0.after.channel == .wallet }, of: pairs.count)
        #expect((0.013...0.027).contains(share))
        for pair in pairs where pair.after.channel != .wallet { #expect(pair.before == pair.after) }
    }

    @Test func paymentsStopAndGoOnAsTheyWouldHave() {
        let plain = transactions(Self.options)
        let paused = Self.drifted([PlantedDrift(.stop, firstDay: 10, lastDay: 19)])
        #expect(paused == plain.filter { !(10...19).contains(Self.day(of: $0)) })
        let ended = Self.drifted([PlantedDrift(.stop, firstDay: 10)])
        #expect(ended == plain.filter { Self.day(of: $0) < 10 })
        // Without an end to its days a generator that has stopped still ends.
        var endless = Self.options
        endless.days = nil
        endless.drifts = [PlantedDrift(.stop, firstDay: 10)]
        #expect(transactions(endless) == ended)
    }

    @Test("of several drifts each does what it does alone")
    func driftsTogether() throws {
        let kinds: [PlantedDrift.Kind] = [.amountMean, .missingAmount, .unseenChannel]
        let together = Self.drifted(kinds.map { PlantedDrift($0, firstDay: 10, lastDay: 19) })
        let alone = try kinds.map { try Self.pairs($0).map(\.after) }
        let days = together.filter { (10...19).contains(Self.day(of: $0)) }
        for place in days.indices {
            #expect(days[place].amountCents == alone[0][place].amountCents)
            #expect(days[place].lacksAmount == alone[1][place].lacksAmount)
            #expect(days[place].channel == alone[2][place].channel)
        }
        // Twice the same is once.
        let twice = Self.drifted([PlantedDrift(.amountMean, firstDay: 10), PlantedDrift(.amountMean, firstDay: 5)])
        #expect(twice == Self.drifted([PlantedDrift(.amountMean, firstDay: 5)]))
    }

    @Test func channelsAndRegionsChangeNothingElse() {
        var plain = Self.options
        (plain.hasChannels, plain.hasRegions) = (false, false)
        let with = transactions(Self.options)
        let counts = with.reduce(into: [PaymentChannel: Int]()) { $0[$1.channel ?? .wallet, default: 0] += 1 }
        for (channel, share) in [(PaymentChannel.web, 0.5), (.pos, 0.4), (.atm, 0.1), (.wallet, 0)] {
            // Customers differ in how often they pay: the shares are theirs, roughly.
            #expect(abs(Self.share(counts[channel, default: 0], of: with.count) - share) < 0.08, "\(channel)")
        }
        let regions = Dictionary(grouping: with, by: \.region)
        #expect(regions.count == TerminalRegion.allCases.count)
        for terminals in Dictionary(grouping: with, by: \.terminalID).values {
            #expect(Set(terminals.map(\.region)).count == 1)
        }
        let stripped = with.map { transaction in
            var other = transaction
            (other.channel, other.region) = (nil, nil)
            return other
        }
        #expect(stripped == transactions(plain))
    }

    @Test func rowsHaveTheHeadersColumns() throws {
        let transaction = try #require(transactions(Self.options).first)
        var bytes: [UInt8] = []
        CardTransactionWriter.appendCSV(transaction, hasLabel: false, to: &bytes)
        let row = String(decoding: bytes, as: UTF8.self)
        let header = CardTransactionWriter.header(of: Self.options, hasLabel: false)
        #expect(header == CardTransactionWriter.unlabelledHeader + ",channel,region")
        #expect(row.split(separator: ",").count == header.split(separator: ",").count)
        bytes = []
        var longest = CardTransaction(
            transactionID: .min, time: .maximum, customerID: .min, terminalID: .min, amountCents: .min)
        (longest.channel, longest.region) = (.wallet, .northEast)
        CardTransactionWriter.appendJSON(longest, to: &bytes)
        #expect(bytes.count <= CardTransactionWriter.eventBytesMax)
        #expect(
            String(decoding: bytes, as: UTF8.self).hasSuffix(
                #","tx_amount":-92233720368547758.08,"channel":"wallet","region":"north-east","tx_fraud":false}"#))
    }

    @Test func textsAreRead() throws {
        #expect(try PlantedDrift("stop") == PlantedDrift(.stop, firstDay: 60))
        #expect(try PlantedDrift("amount-mean@7") == PlantedDrift(.amountMean, firstDay: 7))
        #expect(try PlantedDrift("unseen-channel@7-7") == PlantedDrift(.unseenChannel, firstDay: 7, lastDay: 7))
        #expect(throws: PlantedDriftFault("amount-mean@9-7: the last day is before the first")) {
            try PlantedDrift("amount-mean@9-7")
        }
        for text in [
            "", "@", "mean@", "stop@", "stop@-1", "stop@1-", "stop@+1", "stop@1-2-3", "stop@x", "stop@99999999",
        ] {
            #expect(throws: PlantedDriftFault.self, "\(text)") { try PlantedDrift(text) }
        }
        do { _ = try PlantedDrift("mean@3") } catch {
            for kind in PlantedDrift.Kind.allCases { #expect(error.description.contains(kind.rawValue)) }
        }
    }

    @Test func problemsAreFound() {
        func problems(_ drift: PlantedDrift, days: Int? = 40, hasChannels: Bool = true) -> Int {
            CardTransactionOptions(days: days, drifts: [drift], hasChannels: hasChannels).problems().count
        }
        #expect(problems(PlantedDrift(.stop, firstDay: 39)) == 0)
        #expect(problems(PlantedDrift(.stop, firstDay: 40)) == 1)
        #expect(problems(PlantedDrift(.stop, firstDay: 40), days: nil) == 0)
        #expect(problems(PlantedDrift(.stop, firstDay: -1)) == 1)
        #expect(problems(PlantedDrift(.stop, firstDay: 5, lastDay: 4)) == 1)
        #expect(problems(PlantedDrift(.unseenChannel, firstDay: 5), hasChannels: false) == 1)
        #expect(problems(PlantedDrift(.regionRisk, firstDay: 5), hasChannels: false) == 0)
        let many = CardTransactionOptions(drifts: Array(repeating: PlantedDrift(.stop), count: 101))
        #expect(many.problems().count == 1)
    }
}
