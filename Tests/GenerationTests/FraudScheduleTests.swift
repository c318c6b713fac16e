import Events
import Testing

@testable import Generation

/// The three scenarios against a plain model: a list of who was drawn on which day.
struct FraudScheduleTests {
    struct Draw { var day: Int, number: Int }

    static let options = CardTransactionOptions(
        seed: 31, days: 90, customers: 200, terminals: 600, dailyMeanMax: 6)

    static func draws(_ options: CardTransactionOptions) -> (terminals: [Draw], customers: [Draw]) {
        // The schedule's draws of customers depend on who pays, so it is led through the same transactions.
        var schedule = FraudSchedule(options)
        var quiet = options
        quiet.terminalsCompromisedDaily = 0
        quiet.customersCompromisedDaily = 0
        quiet.fraudWave = nil
        var generator = CardTransactionGenerator(quiet)
        var result: (terminals: [Draw], customers: [Draw]) = ([], [])
        while generator.nextDay() {
            schedule.beginDay()
            result.terminals += schedule.terminalsDrawn.map { Draw(day: Int(schedule.day), number: $0) }
            result.customers += schedule.customersDrawn.map { Draw(day: Int(schedule.day), number: $0) }
            for transaction in generator.day {
                var cents = transaction.amountCents
                _ = schedule.judge(
                    customer: transaction.customerID, terminal: transaction.terminalID, amountCents: &cents)
            }
        }
        return result
    }

    static func day(_ transaction: CardTransaction) -> Int {
        Int((transaction.time.microseconds - options.firstDay.microseconds) / 86_400_000_000)
    }

    @Test("each day draws two different terminals and three different customers")
    func drawsEachDay() {
        let draws = Self.draws(Self.options)
        for day in 0..<90 {
            #expect(Set(draws.terminals.filter { $0.day == day }.map(\.number)).count == 2)
            #expect(Set(draws.customers.filter { $0.day == day }.map(\.number)).count == 3)
        }
        #expect(draws.terminals.count == 180 && draws.customers.count == 270)
        #expect(Set(draws.terminals.map(\.number)).count > 100)
    }

    @Test("every transaction has the scenario that the rules give it, and none other")
    func rules() {
        let draws = Self.draws(Self.options)
        let terminalDraws = Dictionary(grouping: draws.terminals, by: \.number)
        let customerDraws = Dictionary(grouping: draws.customers, by: \.number)
        var quiet = Self.options
        quiet.terminalsCompromisedDaily = 0
        quiet.customersCompromisedDaily = 0
        let planned = transactions(quiet)
        let made = transactions(Self.options)
        #expect(planned.count == made.count)
        var seen: [FraudScenario: Int] = [:]
        for (before, after) in zip(planned, made) {
            let day = Self.day(after)
            let isTerminalCompromised = terminalDraws[after.terminalID, default: []]
                .contains { ($0.day..<$0.day + 28).contains(day) }
            let isCustomerCompromised = customerDraws[after.customerID, default: []]
                .contains { ($0.day..<$0.day + 14).contains(day) }
            seen[after.scenario, default: 0] += 1
            // Fraud changes neither who, nor where, nor when.
            #expect(after.time == before.time && after.transactionID == before.transactionID)
            #expect(after.customerID == before.customerID && after.terminalID == before.terminalID)
            if after.scenario == .compromisedCustomer {
                #expect(isCustomerCompromised)
                #expect(after.amountCents == 5 * before.amountCents)
                continue
            }
            #expect(after.amountCents == before.amountCents)
            let expected: FraudScenario =
                isTerminalCompromised ? .compromisedTerminal : after.amountCents > 220_00 ? .largeAmount : .none
            #expect(after.scenario == expected)
        }
        for scenario in FraudScenario.allCases { #expect(seen[scenario, default: 0] > 20) }
    }

    @Test("of each three transactions in a row of a compromised customer one is fraud")
    func thirds() {
        let draws = Self.draws(Self.options)
        let made = Dictionary(grouping: transactions(Self.options), by: \.customerID)
        var groups = 0
        for customer in 0..<Self.options.customers {
            // Overlapping times of compromise are one.
            var spans: [Range<Int>] = []
            for draw in draws.customers where draw.number == customer {
                if let last = spans.last, last.upperBound > draw.day {
                    spans[spans.count - 1] = last.lowerBound..<draw.day + 14
                } else {
                    spans.append(draw.day..<draw.day + 14)
                }
            }
            for span in spans {
                let own = made[customer, default: []].filter { span.contains(Self.day($0)) }
                for start in stride(from: 0, to: own.count, by: 3) {
                    let group = own[start..<min(start + 3, own.count)]
                    let frauds = group.count { $0.scenario == .compromisedCustomer }
                    #expect(group.count == 3 ? frauds == 1 : frauds <= 1)
                    groups += group.count == 3 ? 1 : 0
                }
            }
        }
        #expect(groups > 300)
    }

    @Test("any amount over 220.00 is fraud, 220.00 itself is not")
    func largeAmounts() {
        var options = CardTransactionOptions(seed: 1, customers: 2, terminals: 2)
        options.terminalsCompromisedDaily = 0
        options.customersCompromisedDaily = 0
        var schedule = FraudSchedule(options)
        schedule.beginDay()
        var cents: Int64 = 220_00
        #expect(schedule.judge(customer: 0, terminal: 0, amountCents: &cents) == .none)
        cents = 220_01
        #expect(schedule.judge(customer: 0, terminal: 0, amountCents: &cents) == .largeAmount)
        #expect(transactions(Self.options).allSatisfy { $0.isFraud || $0.amountCents <= 220_00 })
    }

    @Test("a small population is compromised whole, without an endless draw")
    func smallPopulation() {
        let options = CardTransactionOptions(seed: 2, days: 10, customers: 2, terminals: 1, dailyMeanMax: 30)
        let made = transactions(options)
        #expect(made.count > 10)
        #expect(made.allSatisfy { $0.isFraud })
    }

    @Test("a fraud wave adds compromised terminals on its days and changes nothing else")
    func wave() {
        var options = Self.options
        options.fraudWave = .init(firstDay: 40, days: 5, factor: 10)
        let usual = Self.draws(Self.options)
        let waved = Self.draws(options)
        for day in 0..<90 {
            let before = usual.terminals.filter { $0.day == day }.map(\.number)
            let after = waved.terminals.filter { $0.day == day }.map(\.number)
            #expect(Array(after.prefix(2)) == before)
            #expect(Set(after).count == ((40..<45).contains(day) ? 20 : 2))
        }
        #expect(waved.customers.map(\.number) == usual.customers.map(\.number))
        let made = transactions(options)
        var added = 0
        for (before, after) in zip(transactions(Self.options), made) where before != after {
            added += 1
            #expect(after.scenario == .compromisedTerminal && before.scenario != .compromisedCustomer)
            #expect((40..<45 + 27).contains(Self.day(after)))
        }
        #expect(added > 500)
    }
}
