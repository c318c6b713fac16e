import CRdkafka

extension ConfigurationHandle {
    /// Lets a client tell its statistics; before it is made.
    borrowing func report(to sink: any KafkaStatisticsSink) {
        withPointer { rd_kafka_conf_set_throttle_cb($0, onThrottle) }
        guard let wanted = sink.statisticsMilliseconds else { return }
        withPointer { rd_kafka_conf_set_stats_cb($0, onStatistics) }
        // librdkafka's own default is never.
        if value(of: statisticsInterval) == "0" {
            let milliseconds = min(86_400_000, max(1, wanted))
            _ = set(statisticsInterval, String(milliseconds))
        }
    }
}

private let statisticsInterval = "statistics.interval.ms"

/// Returns 0: librdkafka frees the text.
private func onStatistics(
    _ client: OpaquePointer?, _ text: UnsafeMutablePointer<CChar>?, _ count: Int, _ opaque: UnsafeMutableRawPointer?
) -> Int32 {
    guard let text, count > 0 else { return 0 }
    ClientCallbacks.from(opaque)?.statistics?.didReport(UnsafeRawBufferPointer(start: text, count: count))
    return 0
}

private func onThrottle(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ number: Int32, _ milliseconds: Int32,
    _ opaque: UnsafeMutableRawPointer?
) {
    // 0 says that throttling has ended.
    if milliseconds > 0 { ClientCallbacks.from(opaque)?.statistics?.didThrottle(milliseconds: Int(milliseconds)) }
}

extension Delivery {
    /// It was given up with its transaction, or by `purge`: no failure of its own.
    public var isPurged: Bool {
        errorCode == RD_KAFKA_RESP_ERR__PURGE_QUEUE.rawValue || errorCode == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT.rawValue
    }
}

extension KafkaConsumer {
    /// The offset behind the last record of an assigned partition, as the last fetch told it; `nil` before the first.
    ///
    /// No network. Complexity: a look-up by topic name; not per record.
    public func endHeard(topic: String, partition: Int32) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let error = rd_kafka_get_watermark_offsets(client.pointer, topic, partition, &low, &high)
        return error == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }
}
