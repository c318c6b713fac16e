import Events
import Glibc

/// The period of a report from left to right, with ticks at round times, in UTC.
struct TimeAxis: Hashable, Sendable {
    /// In microseconds.
    let from: Int64
    let to: Int64

    private static let second: Int64 = 1_000_000
    private static let day: Int64 = 86_400 * second
    private static let steps: [Int64] =
        [1, 5, 15, 30].map { $0 * second } + [1, 5, 15, 30].map { $0 * 60 * second }
        + [1, 3, 6, 12].map { $0 * 3_600 * second } + [1, 2, 7, 14, 30, 91, 365, 3_652, 36_525].map { $0 * day }

    init(from: Int64, to: Int64) {
        self.from = min(max(from, EventTime.minimum.microseconds), EventTime.maximum.microseconds - 1)
        self.to = min(max(to, self.from + 1), EventTime.maximum.microseconds)
    }

    var scale: PlotScale { PlotScale(from: Double(from), to: Double(to)) }

    func place(_ time: Int64) -> Double { scale.place(Double(time)) }

    /// Round times within the axis, ascending.
    func ticks(_ wanted: Int = 5) -> [Int64] {
        let step = Self.steps.first { (to - from) / $0 < Int64(wanted) } ?? Self.steps[Self.steps.count - 1]
        let rest = ((from % step) + step) % step
        return Array(stride(from: rest == 0 ? from : from - rest + step, through: to, by: Int(step)))
    }

    /// "14 Mar", or "14:30" within a day; "2026" where the period is of years.
    func label(_ time: Int64) -> String {
        let text = MonitorText.time(time)
        guard text.count >= 16 else { return text }
        func part(_ from: Int, _ count: Int) -> String { String(text.dropFirst(from).prefix(count)) }
        if to - from > 4 * 365 * Self.day { return part(0, 4) }
        let date = "\(Int(part(8, 2)) ?? 0) \(Self.month(part(5, 2)))"
        if to - from > 5 * Self.day || time % Self.day == 0 { return date }
        if to - from < 300 * Self.second { return part(11, 8) }
        return part(11, 5)
    }

    private static func month(_ digits: String) -> String {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard let number = Int(digits), (1...12).contains(number) else { return digits }
        return names[number - 1]
    }

    /// "2026-03-14 14:30", for tables and sentences.
    static func text(_ time: Int64) -> String {
        let text = MonitorText.time(time)
        guard text.count >= 16 else { return text }
        return text.prefix(10) + " " + text.dropFirst(11).prefix(5)
    }
}
