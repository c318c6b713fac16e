import CRdkafka
import Synchronization

/// The one owner of an `rd_kafka_conf_t`: librdkafka takes it over only where making the client succeeds.
struct ConfigurationHandle: ~Copyable {
    private let pointer: OpaquePointer

    init() { pointer = rd_kafka_conf_new() }

    deinit { rd_kafka_conf_destroy(pointer) }

    /// Lends the pointer to calls that set callbacks.
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result { body(pointer) }

    /// librdkafka's answer to one property: `nil` where it is accepted.
    func set(_ name: String, _ value: String) -> (error: rd_kafka_conf_res_t, message: String)? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: errorTextBytesMax) { text in
            text.initialize(repeating: 0)
            let answer = rd_kafka_conf_set(pointer, name, value, text.baseAddress, text.count)
            return answer == RD_KAFKA_CONF_OK ? nil : (answer, String(cString: text.baseAddress!))
        }
    }

    /// The value that a client made from this configuration would use.
    func value(of name: String) -> String? {
        var size = 0
        guard rd_kafka_conf_get(pointer, name, nil, &size) == RD_KAFKA_CONF_OK, size > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size + 1) { text in
            text.initialize(repeating: 0)
            size += 1
            guard rd_kafka_conf_get(pointer, name, text.baseAddress, &size) == RD_KAFKA_CONF_OK else { return nil }
            return String(cString: text.baseAddress!)
        }
    }

    /// Makes the client. `callbacks` lives until the client is destroyed.
    consuming func makeClient(
        _ type: rd_kafka_type_t, callbacks: ClientCallbacks
    ) throws(KafkaFailure) -> ClientHandle {
        let opaque = Unmanaged.passRetained(callbacks)
        rd_kafka_conf_set_opaque(pointer, opaque.toOpaque())
        rd_kafka_conf_set_log_cb(pointer, onLog)
        if let statistics = callbacks.statistics { report(to: statistics) }
        let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: errorTextBytesMax)
        errorText.initialize(repeating: 0, count: errorTextBytesMax)
        defer { errorText.deallocate() }
        guard let client = rd_kafka_new(type, pointer, errorText, errorTextBytesMax) else {
            opaque.release()
            let failure = KafkaFailure.invalidArgument(String(cString: errorText))
            _ = consume self
            throw failure
        }
        discard self
        return ClientHandle(pointer: client, callbacks: opaque)
    }
}

/// Room for librdkafka's error texts; longer ones are cut off by it.
private let errorTextBytesMax = 512

/// The one owner of an `rd_kafka_t`.
struct ClientHandle: ~Copyable {
    let pointer: OpaquePointer
    private let callbacks: Unmanaged<ClientCallbacks>

    init(pointer: OpaquePointer, callbacks: Unmanaged<ClientCallbacks>) {
        self.pointer = pointer
        self.callbacks = callbacks
    }

    deinit {
        // A consumer leaves its group in `close`; here nothing may call back into objects that are going away.
        rd_kafka_destroy_flags(pointer, Int32(RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE))
        callbacks.release()
    }
}

/// A client that its children (topics, queues, records) keep alive, so that it is destroyed after the last of them.
// SAFETY: librdkafka's handle is thread-safe; the reference itself never changes.
final class Client: @unchecked Sendable {
    private let handle: ClientHandle
    let callbacks: ClientCallbacks
    var pointer: OpaquePointer { handle.pointer }

    init(
        _ configuration: consuming ConfigurationHandle, _ type: rd_kafka_type_t, callbacks: ClientCallbacks
    ) throws(KafkaFailure) {
        self.callbacks = callbacks
        handle = try configuration.makeClient(type, callbacks: callbacks)
    }

    /// librdkafka's fatal error, if it has raised one.
    func fatalFailure() -> KafkaFailure? { Self.fatalFailure(of: pointer) }

    static func fatalFailure(of pointer: OpaquePointer) -> KafkaFailure? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: errorTextBytesMax) { text in
            text.initialize(repeating: 0)
            let error = rd_kafka_fatal_error(pointer, text.baseAddress, text.count)
            guard error != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return KafkaFailure(
                code: error.rawValue, message: String(cString: text.baseAddress!), isRetriable: false, isFatal: true)
        }
    }
}

/// What C callbacks reach through their opaque pointer.
// SAFETY: `onLog`, `statistics` and `cause` are Sendable and constant; the references are set once, before the first
// poll, and are read only by callbacks that librdkafka serves on the polling thread.
final class ClientCallbacks: @unchecked Sendable {
    let onLog: KafkaLogSink
    let statistics: (any KafkaStatisticsSink)?
    /// What an admin's last connection died of.
    let cause = Mutex<KafkaFailure?>(nil)
    weak var consumer: KafkaConsumer?
    /// Not the producer: a weak reference to it would cost more for each delivery than the rest of it.
    var producer: ProducerCalls?

    init(onLog: @escaping KafkaLogSink, statistics: (any KafkaStatisticsSink)? = nil) {
        self.onLog = onLog
        self.statistics = statistics
    }

    static func from(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
        opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Called by librdkafka on any of its threads.
private func onLog(
    _ client: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?
) {
    guard let client, let text, let callbacks = ClientCallbacks.from(rd_kafka_opaque(client)) else { return }
    callbacks.onLog(
        KafkaLogEntry(
            level: Int(level), facility: facility.map { String(cString: $0) } ?? "", message: String(cString: text)))
}
