/// A picture that is stretched to the width it gets, with its labels beside it as text: so lines keep their width and text
/// its size on a phone, on paper and on a wide screen.
struct PlotFrame {
    /// What is read to people who do not see it.
    let title: String
    /// Behind the title: what the signs mean.
    var legend = HTML.empty
    var shapes = HTML.empty
    /// Places from the bottom, with their texts.
    var rows: [(place: Double, text: String)] = []
    /// Places from the left, with their texts.
    var columns: [(place: Double, text: String)] = []
    /// Signs above the picture, by place from the left.
    var marks: [(place: Double, kind: AlertRecordState, text: String)] = []

    static let marksMax = 40
    static let width = 600.0
    static let height = 150.0

    init(_ title: String) { self.title = title }

    static func x(_ place: Double) -> String { number(place * width) }
    static func y(_ place: Double) -> String { number((1 - place) * height) }

    /// One digit behind the point, and none that is 0. - Precondition: within a picture.
    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }

    static func percent(_ place: Double) -> String { number(place * 100) + "%" }

    mutating func addRow(_ place: Double, _ text: String, isDrawn: Bool = true) {
        rows.append((place, text))
        if isDrawn {
            shapes +=
                "<line class=base x1=0 x2=\(Int(Self.width)) y1=\(Self.y(place)) y2=\(Self.y(place)) />"
        }
    }

    /// A line through points; a gap begins a new one. A point by itself is drawn as a short line.
    mutating func addLine(_ kind: HTML, _ runs: [[(x: Double, y: Double)]]) {
        var path = ""
        for run in runs {
            for (index, point) in run.enumerated() {
                path += (index == 0 ? "M" : "L") + Self.x(point.x) + " " + Self.y(point.y)
            }
            if run.count == 1 { path += "h2" }
        }
        addPath(kind, path)
    }

    mutating func addLevel(_ kind: HTML, at place: Double) {
        shapes += "<line class=\"\(kind)\" x1=0 x2=\(Int(Self.width)) y1=\(Self.y(place)) y2=\(Self.y(place)) />"
    }

    /// What lies between two lines over the same points.
    mutating func addBand(_ kind: HTML, _ runs: [[(x: Double, low: Double, high: Double)]]) {
        var path = ""
        for run in runs where run.count > 1 {
            for (index, point) in run.enumerated() {
                path += (index == 0 ? "M" : "L") + Self.x(point.x) + " " + Self.y(point.high)
            }
            for point in run.reversed() { path += "L" + Self.x(point.x) + " " + Self.y(point.low) }
            path += "Z"
        }
        addPath(kind, path)
    }

    /// Made of numbers alone.
    private mutating func addPath(_ kind: HTML, _ path: String) {
        if !path.isEmpty { shapes += "<path class=\"\(kind)\" d=\"\(HTML(stringLiteral: path))\" />" }
    }

    /// Vertical lines.
    mutating func addIntervals(_ intervals: [(x: Double, low: Double, high: Double)]) {
        addPath("err", intervals.map { "M\(Self.x($0.x)) \(Self.y($0.low))V\(Self.y($0.high))" }.joined())
    }

    /// One of a histogram, with a little room beside it.
    mutating func addBar(from left: Double, to right: Double, height: Double) {
        if height <= 0 { return }
        let (x, width) = (left + (right - left) * 0.08, (right - left) * 0.84)
        shapes += "<rect class=bar x=\(Self.x(x)) y=\(Self.y(height)) width=\(Self.x(width)) "
        shapes += "height=\(Self.number(height * Self.height)) />"
    }

    /// A strip along the upper edge.
    mutating func addSpan(_ kind: HTML, from: Double, to: Double) {
        let width = Self.number(max(1, (to - from) * Self.width))
        shapes += "<rect class=\"\(kind)\" x=\(Self.x(from)) y=0 width=\(width) height=5 />"
    }

    mutating func addTimes(_ axis: TimeAxis) {
        columns += axis.ticks().map { (axis.place($0), axis.label($0)) }
    }

    var html: HTML {
        let size: HTML = "0 0 \(Int(Self.width)) \(Int(Self.height))"
        var page: HTML = "<figure><figcaption>\(title)\(legend)</figcaption><div class=box>"
        page +=
            "<svg viewBox=\"\(size)\" preserveAspectRatio=none role=img aria-label=\"\(title)\">\(shapes)</svg>"
        for row in rows { page += "<span class=y style=\"top:\(Self.percent(1 - row.place))\">\(row.text)</span>" }
        for mark in marks.prefix(Self.marksMax) {
            page +=
                "<span class=\"mark \(mark.kind.rawValue)\" style=\"left:\(Self.percent(mark.place))\" title=\"\(mark.text)\"></span>"
        }
        page += "</div><div class=x aria-hidden=true>"
        for column in columns {
            page += "<span style=\"left:\(Self.percent(column.place))\">\(column.text)</span>"
        }
        return page + "</div></figure>\n"
    }
}
