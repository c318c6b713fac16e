import Diagnostics
import Testing

@testable import Configuration

@Suite struct SecretMaskTests {
    @Test(arguments: [
        ("sasl.password: abc", "sasl.password: ***"),
        ("  ssl.key.password : 'a b'  # mine", "  ssl.key.password : ** **  * ****"),
        ("{sasl.username: joe, sasl.password: abc}", "{sasl.username: joe, sasl.password: ****"),
        ("sasl.password: ${not a name} ${", "sasl.password: ***** * ***** **"),
        ("sasl.password: ${PASSWORD}", "sasl.password: ${PASSWORD}"),
        ("sasl.password: a${P:-bc}d", "sasl.password: *${P******"),
        ("ssl.key.pem: |\n  abc\n\n  def\nnext: 1", "ssl.key.pem: *\n  ***\n\n  ***\nnext: 1"),
        ("\"sasl.password\": abc", "\"sasl.password\": ***"),
        ("key: customer_id", "key: customer_id"), ("password_changes: count()", "password_changes: count()"),
        ("sasl.username: joe", "sasl.username: joe"), ("", ""),
    ])
    func masks(text: String, expected: String) {
        #expect(SecretMask.masked(text, path: "p").text == expected)
    }
}
