/// Lists in help pages. The parser breaks lines at the terminal's width, but puts what goes on at the left edge.
enum HelpList {
    /// What fits where a terminal has 80 columns.
    static let columnsMax = 78

    /// The entries, a line each, indented by two more than they are. What is too long goes on below the entry's second
    /// column, which two blanks or more set off, or else two columns further in.
    static func text(_ entries: String) -> String {
        entries.split(separator: "\n").map(broken).joined(separator: "\n")
    }

    private static func broken(_ entry: Substring) -> String {
        let content = entry.drop { $0 == " " }
        let indentation = entry.count - content.count + 2
        var second = content.startIndex
        if let gap = content.firstRange(of: "  ") {
            second = content[gap.upperBound...].drop { $0 == " " }.startIndex
        }
        let offset = content.distance(from: content.startIndex, to: second)
        let hanging = indentation + (offset == 0 ? 2 : offset)

        var lines: [String] = []
        var line = blanks(indentation) + content[..<second]
        var isEmpty = true
        for word in content[second...].split(separator: " ") {
            if !isEmpty && line.count + 1 + word.count > columnsMax {
                lines.append(line)
                line = blanks(hanging)
                isEmpty = true
            }
            line += isEmpty ? word : " " + word
            isEmpty = false
        }
        return (lines + [line]).joined(separator: "\n")
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
