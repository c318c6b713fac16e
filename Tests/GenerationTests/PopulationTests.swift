import Testing

@testable import Generation

struct PopulationTests {
    struct Plane: CustomTestStringConvertible, Sendable {
        var terminals: Int
        var radius: Double
        var testDescription: String { "\(terminals) terminals, radius \(radius)" }
    }

    static let planes: [Plane] = [
        Plane(terminals: 1, radius: 5), Plane(terminals: 3, radius: 0.1), Plane(terminals: 40, radius: 5),
        Plane(terminals: 400, radius: 0.7), Plane(terminals: 400, radius: 5), Plane(terminals: 400, radius: 33.4),
        Plane(terminals: 50, radius: 99), Plane(terminals: 50, radius: 200),
    ]

    @Test("the grid finds whom a look at every terminal finds", arguments: planes)
    func againstEveryTerminal(plane: Plane) {
        var random = RandomSource(seed: 99, stream: 1)
        let grid = TerminalGrid(terminals: plane.terminals, radius: plane.radius, random: &random)
        var lone = 0
        for _ in 0..<60 {
            let x = random.unit() * 100
            let y = random.unit() * 100
            let distances = (0..<plane.terminals).map { grid.squaredDistance($0, x: x, y: y) }
            let near = Set(distances.indices.filter { distances[$0] <= plane.radius * plane.radius })
            let found = grid.loneTerminal(x: x, y: y)
            if near.isEmpty {
                lone += 1
                #expect(Int(found) == distances.indices.min { distances[$0] < distances[$1] })
            } else {
                #expect(found == -1)
                var drawn: Set<Int> = []
                for _ in 0..<20 * near.count { drawn.insert(grid.drawTerminal(x: x, y: y, random: &random)) }
                #expect(drawn.isSubset(of: near))
                // Each is missed with probability e^-20.
                #expect(drawn == near)
            }
        }
        #expect(plane.radius > 5 ? lone == 0 : lone > 0)
    }

    @Test("customers pay only within the radius, or at the nearest terminal")
    func terminalsUsed() {
        let options = CardTransactionOptions(seed: 8, days: 30, customers: 100, terminals: 60)
        let population = Population(options)
        let loners = population.customers.count { $0.loneTerminal >= 0 }
        #expect(loners > 0 && loners < 100)
        for transaction in transactions(options) {
            let customer = population.customers[transaction.customerID]
            let squared = population.terminals.squaredDistance(transaction.terminalID, x: customer.x, y: customer.y)
            if customer.loneTerminal >= 0 {
                #expect(transaction.terminalID == Int(customer.loneTerminal))
                #expect(squared > 25)
            } else {
                #expect(squared <= 25)
            }
        }
    }
}
