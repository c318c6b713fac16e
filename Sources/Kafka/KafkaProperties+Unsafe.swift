extension KafkaProperties {
    /// Why a property is refused because whoever writes it could run a program in this process or beside it; `nil`
    /// where it is harmless.
    ///
    /// A pipeline file is data: to check one from a stranger must be safe. librdkafka loads plug-ins as soon as the
    /// property is set, and runs `kinit` through a shell as soon as a client is made.
    static func unsafeReason(of name: String, value: String) -> String? {
        switch name {
        case "plugin.library.paths": "a pipeline may not load program code"
        case "ssl.engine.location", "ssl.engine.id", "ssl.providers": "a pipeline may not load program code"
        case "sasl.kerberos.kinit.cmd": "a pipeline may not choose a command to run; librdkafka's own is used"
        case "sasl.kerberos.principal", "sasl.kerberos.keytab", "sasl.kerberos.service.name":
            value.utf8.allSatisfy(isPlain)
                ? nil
                : "it is part of a shell's command; use letters, digits, \"/\", \".\", \"@\", \"_\", \"-\" and \":\""
        default: nil
        }
    }

    /// What no shell reads as anything but itself, within quotes or not.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "@"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
