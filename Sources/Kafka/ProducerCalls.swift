import CRdkafka

/// Where a producer's deliveries and failures go; librdkafka calls on the thread that polls.
final class ProducerCalls {
    private let onDelivery: (Delivery) -> Void
    private let onFailure: (KafkaFailure) -> Void

    init(onDelivery: @escaping (Delivery) -> Void, onFailure: @escaping (KafkaFailure) -> Void) {
        self.onDelivery = onDelivery
        self.onFailure = onFailure
    }

    fileprivate func deliver(_ message: UnsafePointer<rd_kafka_message_t>) {
        let error = message.pointee.err
        onDelivery(
            Delivery(
                token: UInt64(UInt(bitPattern: message.pointee._private)), errorCode: error.rawValue,
                partition: message.pointee.partition, offset: max(-1, message.pointee.offset),
                isPossiblyPersisted: error != RD_KAFKA_RESP_ERR_NO_ERROR
                    && rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED))
    }

    fileprivate func fail(_ client: OpaquePointer?, _ code: Int32, _ reason: UnsafePointer<CChar>?) {
        var failure = KafkaFailure(code: code, message: reason.map { String(cString: $0) })
        if code == RD_KAFKA_RESP_ERR__FATAL.rawValue, let fatal = client.flatMap({ Client.fatalFailure(of: $0) }) {
            failure = fatal
        }
        onFailure(failure)
    }
}

func onProducerDelivery(
    _ client: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let message, let calls = ClientCallbacks.from(opaque)?.producer else { return }
    calls.deliver(message)
}

func onProducerError(
    _ client: OpaquePointer?, _ error: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    ClientCallbacks.from(opaque)?.producer?.fail(client, error, reason)
}
