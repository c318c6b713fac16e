import Diagnostics
import Foundation

/// What came of the tests of a pipeline, for people and for machines.
public struct CaseReport: Sendable {
    public let pipeline: String
    public let files: [CaseFileOutcome]

    public init(pipeline: String, files: [CaseFileOutcome]) {
        self.pipeline = pipeline
        self.files = files
    }

    public var tests: Int { files.reduce(0) { $0 + $1.outcomes.count } }
    public var failed: Int { files.reduce(0) { $0 + $1.outcomes.count { !$0.hasPassed } } }
    /// Whether a file could not be run for what stands in it.
    public var hasErrors: Bool { files.contains { $0.diagnostics.hasErrors } }

    // MARK: - Text

    /// A line for each test, and what was otherwise than expected.
    public func text(usesColour: Bool) -> String {
        func painted(_ text: String, _ code: String) -> String {
            usesColour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
        }
        var text = ""
        for file in files where !file.diagnostics.hasErrors {
            text += painted(file.path, "1") + "\n"
            for outcome in file.outcomes {
                text +=
                    (outcome.hasPassed ? painted("  ok    ", "32") : painted("  FAIL  ", "31")) + outcome.name + "\n"
                text += Self.differences(outcome, file.path, painted)
            }
        }
        if tests == 0 { return text }
        let parts = ["\(tests - failed) passed", failed > 0 ? painted("\(failed) failed", "31") : nil].compactMap(
            \.self)
        return text + "\(tests) test\(tests == 1 ? "" : "s"): \(parts.joined(separator: ", "))\n"
    }

    private static func differences(
        _ outcome: CaseOutcome, _ path: String, _ painted: (String, String) -> String
    ) -> String {
        var text = ""
        if let failure = outcome.failure {
            text += "        \(path):\(outcome.range.start.line): it could not be run to its end: \(failure)\n"
        }
        for difference in outcome.differences {
            let place = "\(path):\(difference.range.start.line):\(difference.range.start.column)"
            text += "        \(place): \(difference.subject): \(difference.what)\n"
            text += "            expected  \(painted(difference.expected, "32"))\n"
            text += "            got       \(painted(difference.got, "31"))\n"
            for detail in difference.details { text += "            \(painted(detail, "2"))\n" }
        }
        return text
    }

    // MARK: - For machines

    /// One JSON object, `schemas/test-report.v1.schema.json`.
    public func json() -> String {
        let files: [[String: Any]] = files.map { file in
            [
                "path": file.path,
                "problems": file.diagnostics.map { problem in
                    var found: [String: Any] = [
                        "code": problem.code, "severity": problem.severity.rawValue, "message": problem.message,
                    ]
                    found["line"] = problem.range?.start.line
                    found["column"] = problem.range?.start.column
                    found["suggestion"] = problem.suggestion
                    return found
                },
                "tests": file.outcomes.map(Self.json),
            ]
        }
        let report: [String: Any] = [
            "pipeline": pipeline, "tests": tests, "failed": failed, "errors": hasErrors, "files": files,
        ]
        let data = try? JSONSerialization.data(
            withJSONObject: report, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self) + "\n"
    }

    private static func json(_ outcome: CaseOutcome) -> [String: Any] {
        var found: [String: Any] = [
            "name": outcome.name, "line": outcome.range.start.line, "passed": outcome.hasPassed,
            "events": outcome.events, "compared": outcome.compared,
            "differences": outcome.differences.map { difference in
                [
                    "line": difference.range.start.line, "column": difference.range.start.column,
                    "subject": difference.subject, "what": difference.what, "expected": difference.expected,
                    "got": difference.got, "details": difference.details,
                ] as [String: Any]
            },
        ]
        found["failure"] = outcome.failure
        return found
    }

    /// JUnit's XML, as CI servers read it: a file is a suite. A file that could not be run is a test with an error.
    public func junit() -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        let errors = files.count { $0.diagnostics.hasErrors }
        text += "<testsuites name=\"\(Self.escaped(pipeline))\" tests=\"\(tests + errors)\" failures=\"\(failed)\" "
        text += "errors=\"\(errors)\">\n"
        for file in files {
            let name = Self.escaped(file.path)
            let isBroken = file.diagnostics.hasErrors
            let failures = file.outcomes.count { !$0.hasPassed }
            text += "  <testsuite name=\"\(name)\" tests=\"\(isBroken ? 1 : file.outcomes.count)\" "
            text += "failures=\"\(failures)\" errors=\"\(isBroken ? 1 : 0)\">\n"
            if isBroken {
                text += "    <testcase classname=\"\(name)\" name=\"the file\"><error message=\"the file has errors\">"
                text += Self.escaped(file.rendered) + "</error></testcase>\n"
            }
            for outcome in file.outcomes { text += Self.junit(outcome, file.path) }
            text += "  </testsuite>\n"
        }
        return text + "</testsuites>\n"
    }

    private static func junit(_ outcome: CaseOutcome, _ path: String) -> String {
        let head = "    <testcase classname=\"\(escaped(path))\" name=\"\(escaped(outcome.name))\""
        if outcome.hasPassed { return head + "/>\n" }
        let message = outcome.failure ?? outcome.differences.first.map { "\($0.subject): \($0.what)" } ?? ""
        let body = differences(outcome, path) { text, _ in text }
        return head + "><failure message=\"\(escaped(message))\">\(escaped(body))</failure></testcase>\n"
    }

    /// What XML 1.0 may hold; the control characters that it may not are left out.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            default:
                let isAllowed = scalar.value >= 0x20 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
                if isAllowed { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }
}
