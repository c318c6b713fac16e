/// How many requests each peer may still send: a bucket of tokens a peer, which fills as time goes by.
struct RequestAllowance {
    private struct Bucket {
        var tokens: Double
        var nanoseconds: Int64
    }

    private let burst: Double
    private let perSecond: Double
    private let peersMax: Int
    private var buckets: [String: Bucket] = [:]
    /// All peers for whom there is no bucket of their own.
    private var others: Bucket?

    init(_ limits: ConsoleLimits) {
        burst = limits.requestBurst
        perSecond = limits.requestsPerSecond
        peersMax = limits.peersMax
    }

    /// Takes one request off a peer's allowance.
    ///
    /// - Returns: `nil`: it may be answered; else in how many seconds, rounded up, the next one may.
    mutating func take(_ peer: String, now nanoseconds: Int64) -> Int? {
        if buckets[peer] == nil && buckets.count >= peersMax {
            // A bucket that is full again says nothing.
            buckets = buckets.filter { filled($0.value, nanoseconds) < burst }
        }
        let hasOwn = buckets[peer] != nil || buckets.count < peersMax
        var bucket = (hasOwn ? buckets[peer] : others) ?? Bucket(tokens: burst, nanoseconds: nanoseconds)
        bucket = Bucket(tokens: filled(bucket, nanoseconds), nanoseconds: nanoseconds)
        let isAllowed = bucket.tokens >= 1
        if isAllowed { bucket.tokens -= 1 }
        if hasOwn { buckets[peer] = bucket } else { others = bucket }
        return isAllowed ? nil : max(1, Int(((1 - bucket.tokens) / perSecond).rounded(.up)))
    }

    private func filled(_ bucket: Bucket, _ now: Int64) -> Double {
        min(burst, bucket.tokens + Double(max(0, now - bucket.nanoseconds)) / 1e9 * perSecond)
    }
}
