/// The dashboard: one page with all that it needs, which asks for nothing but `v1/stream` beside it.
///
/// It holds no data itself: whoever may not read the stream sees a page that asks for a token.
enum DashboardPage {
    /// The page, and the policy that lets a browser run this page's own script and style and nothing else.
    static func make() -> (text: String, policy: String) {
        var random = SystemRandomNumberGenerator()
        let nonce = String(random.next(), radix: 36) + String(random.next(), radix: 36)
        let text =
            head(nonce: nonce) + DashboardMarkup.text + "<script nonce=\"\(nonce)\">\n" + DashboardScript.text
            + "</script>\n</body>\n</html>\n"
        let policy =
            "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return (text, policy)
    }

    private static func head(nonce: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Riffle</title>
        <link rel="icon" href="data:,">
        <style nonce="\(nonce)">
        \(DashboardStyle.text)</style>
        </head>

        """
    }
}
