import CRdkafka
import Synchronization

/// A question that nobody answers fails with "transport failure", whatever the reason; the connections know better.
extension KafkaAdmin {
    /// The answer, or the failure with what the last connection died of where it would only say that nobody answers.
    func explained<Answer>(_ ask: () throws(KafkaFailure) -> Answer) throws(KafkaFailure) -> Answer {
        do throws(KafkaFailure) {
            return try ask()
        } catch {
            throw withCause(error)
        }
    }

    private func withCause(_ failure: KafkaFailure) -> KafkaFailure {
        guard Self.silences.contains(failure.code) else { return failure }
        // What connections died of waits for whoever polls; nobody else does.
        while rd_kafka_poll(client.pointer, 0) > 0 {}
        guard var cause = client.callbacks.cause.withLock({ $0 }) else { return failure }
        cause.topic = failure.topic
        // A certificate or a password may be put right while it is asked again.
        cause.isRetriable = failure.isRetriable
        return cause
    }

    private static let silences: Set<Int32> = [
        RD_KAFKA_RESP_ERR__TRANSPORT.rawValue, RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue,
    ]

    /// Errors of connections are otherwise logged where they are heard as errors, and nobody waits for an admin's.
    static func loudly(_ onLog: @escaping KafkaLogSink) -> KafkaLogSink {
        { entry in
            let isConnection = entry.facility == "FAIL"
            onLog(
                isConnection
                    ? KafkaLogEntry(level: entry.level, facility: "connection", message: entry.message) : entry)
        }
    }
}

func onAdminError(
    _ client: OpaquePointer?, _ error: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    // That none is left says less than what the last one died of.
    if error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue { return }
    let failure = KafkaFailure(code: error, message: reason.map { String(cString: $0) })
    ClientCallbacks.from(opaque)?.cause.withLock { $0 = failure }
}
