import Testing

@testable import Monitoring

@Suite struct HTMLTests {
    @Test(arguments: [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onload='x' a=\"", "&quot; onload=&#39;x&#39; a=&quot;"), ("a & b", "a &amp; b"),
        ("&lt;", "&amp;lt;"), ("tab\tline\nzero\0", "tab\u{FFFD}line\u{FFFD}zero\u{FFFD}"),
        ("turned \u{202E}round\u{2066}", "turned \u{FFFD}round\u{FFFD}"), ("grün, 緑, 🟢", "grün, 緑, 🟢"),
    ])
    func dataNeverBecomesMarkup(data: String, text: String) {
        let page: HTML = "<b title=\"\(data)\">\(data)</b>"
        #expect(page.text == "<b title=\"\(text)\">\(text)</b>")
    }

    @Test func piecesAreNotEscapedAgain() {
        let name = "<i>"
        let inner: HTML = "<b>\(name)</b>"
        let page: HTML = "<p>\(inner)\(7)\([inner, inner])</p>"
        #expect(page.text == "<p><b>&lt;i&gt;</b>7<b>&lt;i&gt;</b><b>&lt;i&gt;</b></p>")
        #expect(page.byteCount == page.text.utf8.count)
    }

    @Test func aLongNameIsCut() {
        // One character of ten thousand marks.
        let name = "e" + String(repeating: "\u{301}", count: 10_000)
        #expect(HTML.escape(name).unicodeScalars.count == HTML.scalarsMax + 1)
        #expect(HTML.escape(name).hasSuffix("…"))
        #expect(HTML.escape(String(repeating: "x", count: HTML.scalarsMax)).hasSuffix("x"))
    }
}
