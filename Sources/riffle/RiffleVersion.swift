import Events
import Kafka

/// What `--version` says.
enum RiffleVersion {
    static let number = "0.1.0"

    static var text: String {
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        return "riffle \(number) (\(build), librdkafka \(Librdkafka.version), simdjson \(Simdjson.version))"
    }
}
