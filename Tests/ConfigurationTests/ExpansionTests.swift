import Diagnostics
import Testing

@testable import Configuration

@Suite struct ExpansionTests {
    private static let environment = ["A": "one", "EMPTY": "", "B_2": "${A}", "_C": "a }b"]

    private func expand(_ text: String) -> (text: String?, fromEnvironment: Bool?, codes: [String]) {
        let problems = DiagnosticGathering()
        let scalar = YAMLScalar(text: text, isPlain: true, places: .line(SourcePosition(line: 1, column: 1)))
        let range = SourceRange(start: SourcePosition(line: 1, column: 1), length: text.count)
        let expanded = EnvironmentExpansion(environment: Self.environment).expand(scalar, at: range, into: problems)
        return (expanded?.text, expanded?.isFromEnvironment, problems.diagnostics.map(\.code))
    }

    @Test(
        arguments: [
            ("plain", "plain", false), ("${A}", "one", true), ("x${A}y${A}", "xoneyone", true),
            ("${A:-two}", "one", true),
            ("${NONE:-two}", "two", false), ("${NONE:-}", "", false), ("${EMPTY}", "", true),
            ("${EMPTY:-two}", "two", false),
            ("$A $ {A} ${A", nil, false), ("$A $$ } {", "$A $$ } {", false), ("${B_2}", "${A}", true),
            ("${_C}", "a }b", true),
            ("${NONE:-a:-b}", "a:-b", false), ("${NONE:-http://x:1}", "http://x:1", false),
        ] as [(String, String?, Bool)])
    func expands(text: String, expected: String?, fromEnvironment: Bool) {
        let result = expand(text)
        #expect(result.text == expected)
        if expected != nil {
            #expect(result.fromEnvironment == fromEnvironment)
            #expect(result.codes.isEmpty)
        }
    }

    @Test(arguments: [
        ("${NONE}", ["unset-variable"]), ("${NONE}${ALSO}", ["unset-variable", "unset-variable"]),
        ("${}", ["invalid-variable"]), ("${1A}", ["invalid-variable"]), ("${A-b}", ["invalid-variable"]),
        ("${A:b}", ["invalid-variable"]), ("${A:-${B}}", ["invalid-variable"]), ("${A", ["invalid-variable"]),
        ("${é}", ["invalid-variable"]), ("${ A }", ["invalid-variable"]),
    ])
    func reports(text: String, codes: [String]) {
        let result = expand(text)
        #expect(result.text == nil)
        #expect(result.codes == codes)
    }
}
