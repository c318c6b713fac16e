extension ConfigurationHandle {
    /// Makes `batch.size` no more than this, whoever has set it. librdkafka counts framing in it, and lets a single
    /// record exceed it.
    borrowing func limitBatch(to bytesMax: Int?) {
        guard let bytesMax, let bytes = value(of: "batch.size").flatMap({ Int($0) }), bytes > bytesMax else { return }
        _ = set("batch.size", String(max(1, bytesMax)))
    }
}
