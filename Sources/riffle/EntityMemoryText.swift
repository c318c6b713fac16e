import Features

/// What an entity's keys take in memory, as `riffle check` prints it: the windows as they are asked for, and in the other
/// form.
///
/// ```
///   state     customer_id: events of the last 30.01 days
///             a key with        10     100    1000   10000 events
///             exact            400    2448   16.6K    524K bytes, 24 a further event
///             tiled(1%)        960    4.3K    8.2K    8.2K bytes, 0 a further event
///             tiles of 1% would take less from about 300 events a key on
/// ```
struct EntityMemoryText {
    /// Events of a key in the time that windows reach back.
    static let loads = [10, 100, 1_000, 10_000]
    private static let labelWidth = 11
    private static let columnWidth = 8
    /// Tiles of 1 %, for an entity that asks for none.
    private static let usualTiles: Int64 = 100

    private let entity: EntityPlan
    private let name: String

    init(_ entity: EntityPlan, named name: String) {
        self.entity = entity
        self.name = name
    }

    var lines: [String] {
        let title = "state     \(name): events of the last \(Self.days(entity.horizonMicroseconds))"
        let events = Self.loads.map { Self.column("\($0)") }.joined()
        var lines = [title, indented(Self.label("a key with") + events + " events")]
        if entity.windows.contains(where: \.isTiled) {
            lines.append(row("as it is", entity))
            lines.append(row("exact", entity.exact))
            lines.append(indented(comparison(tiled: entity, "these tiles take")))
        } else {
            lines.append(row("exact", entity))
            let hasLengths = entity.windows.contains { !$0.isUnbounded }
            if hasLengths, let tiled = entity.tiled(hundredthsOfPercent: Self.usualTiles) {
                lines.append(row("tiled(1%)", tiled))
                lines.append(indented(comparison(tiled: tiled, "tiles of 1% would take")))
            }
        }
        return lines
    }

    private func row(_ label: String, _ plan: EntityPlan) -> String {
        let loads = plan.memoryEstimates(Self.loads.map { KeyLoad(eventsPerKey: $0) })
        let columns = loads.map { Self.column(Self.bytes($0.bytesPerKey)) }.joined()
        let slope = Int((loads.last?.bytesPerEvent ?? 0).rounded())
        return indented(Self.label(label) + columns + " bytes, \(slope) a further event")
    }

    /// From how many events a key on tiles are smaller than events that are remembered one by one.
    private func comparison(tiled: EntityPlan, _ subject: String) -> String {
        let grid = (0...5).flatMap { power in [1, 2, 3, 5, 7].map { $0 * Self.power(10, power) } }
        let loads = grid.map { KeyLoad(eventsPerKey: $0) }
        let isSmaller = zip(tiled.memoryEstimates(loads), entity.exact.memoryEstimates(loads)).map {
            $0.bytesPerKey < $1.bytesPerKey
        }
        guard let last = isSmaller.lastIndex(of: false) else { return "\(subject) less for any number of events" }
        guard last + 1 < grid.count else { return "\(subject) more, however many events a key has" }
        return "\(subject) less from about \(grid[last + 1]) events a key on, and are not exact"
    }

    private func indented(_ line: String) -> String { "          \(line)" }

    private static func power(_ base: Int, _ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { power, _ in power * base }
    }

    private static func label(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, labelWidth - text.count))
    }

    private static func column(_ text: String) -> String {
        String(repeating: " ", count: max(1, columnWidth - text.count)) + text
    }

    /// Four digits at most: 960, 8.2K, 115K.
    private static func bytes(_ count: Double) -> String {
        var (value, unit) = (count, "")
        for larger in ["K", "M", "G"] where value >= 9_999.5 || !unit.isEmpty && value >= 999.5 {
            (value, unit) = (value / 1_024, larger)
        }
        if unit.isEmpty || value >= 99.95 { return "\(Int(value.rounded()))\(unit)" }
        return "\((value * 10).rounded() / 10)\(unit)"
    }

    private static func days(_ microseconds: Int64) -> String {
        let hours = Double(microseconds) / 3_600_000_000
        return hours >= 48 ? "\((hours / 24 * 100).rounded() / 100) days" : "\((hours * 100).rounded() / 100) hours"
    }
}
