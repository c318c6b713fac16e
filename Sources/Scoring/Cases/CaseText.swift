import Events

/// Values of tests as text.
enum CaseText {
    /// As JSON has it.
    static func quoted(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            String(unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target in
                guard let start = target.baseAddress else { return 0 }
                return JSONText.writeString(bytes, to: start)
            }
        }
    }

    /// The shortest text that reads back as the number; `missing` for none.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "missing" }
        if value == value.rounded() && abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }
}
