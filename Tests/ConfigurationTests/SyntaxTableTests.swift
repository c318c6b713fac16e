import Diagnostics
import Testing

@testable import Configuration

/// The syntax as one value: whatever is added to it is held to this.
@Suite struct SyntaxTableTests {
    private static func sections(in kind: ValueKind) -> [SectionSpec] {
        switch kind {
        case .section(let section), .shortOr(_, let section), .feature(let section):
            [section] + section.keys.flatMap { sections(in: $0.kind) }
        case .list(let item), .map(_, let item), .choiceOr(_, let item): sections(in: item)
        case .singleOrList(let single, let list): sections(in: single) + sections(in: list)
        default: []
        }
    }

    private static let all = sections(in: .section(PipelineSyntax.root))

    @Test func keysAreSnakeCaseUniqueAndDescribed() {
        #expect(Self.all.count > 15)
        for section in Self.all {
            #expect(Set(section.keys.map(\.name)).count == section.keys.count, "\(section.name)")
            for key in section.keys {
                #expect(key.name.allSatisfy { $0 == "_" || $0.isLowercase }, "\(section.name).\(key.name)")
                #expect(key.summary.last == "." && key.summary.first?.isUppercase == true, "\(key.name)")
                #expect(!(key.isRequired && key.standard != nil), "\(section.name).\(key.name)")
            }
        }
    }

    @Test func standardsAreWhatTheKeyTakes() throws {
        for section in Self.all {
            for key in section.keys {
                guard let standard = key.standard else { continue }
                switch key.kind {
                case .integer(let range): #expect(range.contains(try NumberLiteral.integer(standard)))
                case .size(let range): #expect(range.contains(try UnitLiteral.value(standard, in: UnitLiteral.sizes)))
                case .duration(let range):
                    #expect(range.contains(try UnitLiteral.value(standard, in: UnitLiteral.durations)))
                case .choice(let choices), .choiceOr(let choices, _): #expect(choices.contains(standard))
                case .boolean: #expect(standard == "true" || standard == "false")
                default: break
                }
            }
        }
    }
}
