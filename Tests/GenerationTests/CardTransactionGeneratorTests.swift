import Events
import Testing

@testable import Generation

/// FNV-1a, 64 bits.
func fingerprint(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}

func transactions(_ options: CardTransactionOptions) -> [CardTransaction] {
    var generator = CardTransactionGenerator(options)
    var all: [CardTransaction] = []
    while let transaction = generator.next() { all.append(transaction) }
    return all
}

struct CardTransactionGeneratorTests {
    static let small = CardTransactionOptions(seed: 20_250_101, days: 40, customers: 120, terminals: 300)

    @Test("a seed gives the same bytes for ever")
    func golden() {
        var bytes: [UInt8] = []
        for transaction in transactions(Self.small) {
            CardTransactionWriter.appendJSON(transaction, to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        // Changes only where the generator is meant to give other transactions; say so in the changes when it does.
        #expect(bytes.count == 1_321_841)
        #expect(fingerprint(bytes) == 0xD093_A74C_7E8A_8DAE)
    }

    @Test("another seed gives other transactions, equal options equal ones")
    func seeds() {
        var other = Self.small
        other.seed += 1
        #expect(transactions(Self.small) == transactions(Self.small))
        #expect(transactions(Self.small) != transactions(other))
    }

    @Test("days at a time and one at a time give the same, and fewer days a prefix")
    func daysAndSingles() {
        let all = transactions(Self.small)
        var generator = CardTransactionGenerator(Self.small)
        var byDay: [CardTransaction] = []
        while generator.nextDay() { byDay += generator.day }
        #expect(byDay == all)
        #expect(generator.daysMade == 40)
        #expect(generator.day.isEmpty)
        #expect(generator.next() == nil)
        var fewer = Self.small
        fewer.days = 11
        let prefix = transactions(fewer)
        #expect(!prefix.isEmpty && prefix == Array(all.prefix(prefix.count)))
    }

    @Test("times are whole seconds in order within their day, ids count up")
    func order() {
        var options = Self.small
        options.firstTransactionID = 1_000
        var generator = CardTransactionGenerator(options)
        var expectedID: Int64 = 1_000
        var last = EventTime.minimum
        var ties = 0
        while generator.nextDay() {
            let start = options.firstDay.microseconds + Int64(generator.daysMade - 1) * 86_400_000_000
            for transaction in generator.day {
                #expect(transaction.transactionID == expectedID)
                #expect(transaction.time >= last)
                #expect((start..<start + 86_400_000_000).contains(transaction.time.microseconds))
                #expect(transaction.time.microseconds % 1_000_000 == 0)
                ties += transaction.time == last ? 1 : 0
                last = transaction.time
                expectedID += 1
            }
        }
        #expect(expectedID > 8_000)
        #expect(ties > 0)
    }

    @Test("transactions lie around noon")
    func timesOfDay() {
        let seconds = transactions(Self.small).map { Double($0.time.microseconds / 1_000_000 % 86_400) }
        let mean = seconds.reduce(0, +) / Double(seconds.count)
        #expect(abs(mean - 43_200) < 900)
        // Of a normal with 20,000 s cut at the day's ends, 71 % are within 20,000 s of noon.
        let near = Double(seconds.count { abs($0 - 43_200) < 20_000 }) / Double(seconds.count)
        #expect(abs(near - 0.71) < 0.02)
    }

    @Test("each customer pays as often as drawn")
    func rates() {
        var options = Self.small
        options.days = 200
        let population = Population(options)
        var counts = [Int](repeating: 0, count: options.customers)
        for transaction in transactions(options) { counts[transaction.customerID] += 1 }
        for (customer, count) in zip(population.customers, counts) {
            #expect((0..<4).contains(customer.dailyMean))
            let expected = customer.dailyMean * 200
            #expect(abs(Double(count) - expected) <= 5 * max(1, expected.squareRoot()))
        }
        let total = population.customers.reduce(0) { $0 + $1.dailyMean } * 200
        #expect(abs(Double(counts.reduce(0, +)) / total - 1) < 0.02)
    }

    @Test("amounts are positive, below their bound, and have the customer's mean")
    func amounts() {
        var options = Self.small
        options.days = 200
        options.customersCompromisedDaily = 0
        let population = Population(options)
        var counts = [Int](repeating: 0, count: options.customers)
        var sums = [Double](repeating: 0, count: options.customers)
        for transaction in transactions(options) {
            let mean = population.customers[transaction.customerID].meanCents
            #expect(transaction.amountCents >= 1)
            #expect(Double(transaction.amountCents) <= 4 * mean + 1)
            counts[transaction.customerID] += 1
            sums[transaction.customerID] += Double(transaction.amountCents)
        }
        for (number, customer) in population.customers.enumerated() where counts[number] > 30 {
            #expect((500...10_000).contains(customer.meanCents))
            // Amounts below zero are drawn anew between 0 and twice the mean, which lifts it by 2.7 %.
            let average = sums[number] / Double(counts[number])
            #expect(abs(average / customer.meanCents - 1.027) < 2.5 / Double(counts[number]).squareRoot())
        }
    }

    @Test("with its defaults about one in a hundred is fraud, of all three kinds")
    func fraudShare() {
        var generator = CardTransactionGenerator(CardTransactionOptions(seed: 5, days: 60))
        var counts: [FraudScenario: Int] = [:]
        var total = 0
        while generator.nextDay() {
            // The first compromised terminals are clean again after 28 days: from then on the share is steady.
            if generator.daysMade <= 28 { continue }
            total += generator.day.count
            for transaction in generator.day { counts[transaction.scenario, default: 0] += 1 }
        }
        let share = 1 - Double(counts[.none, default: 0]) / Double(total)
        #expect((0.005...0.015).contains(share), "share \(share)")
        for scenario in FraudScenario.allCases { #expect(counts[scenario, default: 0] > 50) }
    }

    @Test("no more is held than the population and one day")
    func bounded() {
        var generator = CardTransactionGenerator(CardTransactionOptions(seed: 3, customers: 40, terminals: 50))
        var longest = 0
        for _ in 1...1_500 {
            guard generator.nextDay() else { break }
            longest = max(longest, generator.day.count)
        }
        #expect(generator.day.capacity <= 4 * longest)
        #expect(generator.daysMade == 1_500)
    }

    @Test("an endless generator ends with the calendar")
    func calendarEnd() {
        let lastDay = EventTime(microseconds: EventTime.maximum.microseconds / 86_400_000_000 * 86_400_000_000)
        var generator = CardTransactionGenerator(CardTransactionOptions(firstDay: lastDay, customers: 20, terminals: 5))
        let isLastMade = generator.nextDay()
        #expect(isLastMade && !generator.day.isEmpty)
        #expect(generator.day.allSatisfy { $0.time <= .maximum })
        let isMoreMade = generator.nextDay()
        #expect(!isMoreMade && generator.day.isEmpty)
    }

    @Test("no days give no transactions")
    func noDays() {
        #expect(transactions(CardTransactionOptions(days: 0, customers: 5, terminals: 5)).isEmpty)
    }

    @Test("every problem of the options is named at once")
    func problems() {
        #expect(CardTransactionOptions().problems().isEmpty)
        let wrong = CardTransactionOptions(
            firstDay: EventTime(microseconds: 1), days: -1, customers: 0, terminals: 20_000_000, radius: .nan,
            dailyMeanMax: 0, terminalsCompromisedDaily: -1,
            fraudWave: .init(firstDay: -1, days: 0, factor: 0), firstTransactionID: -1)
        #expect(wrong.problems().count == 10)
        #expect(wrong.problems().contains("0 customers: expected 1 to 10000000"))
    }
}
