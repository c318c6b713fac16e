import Testing

@testable import Kafka

@Suite struct TransactionFailureTests {
    /// Code, librdkafka's flags (r retriable, a requires abort, f fatal), the call, and what it means.
    @Test(
        arguments: [
            (-185, "r", .commit, .retriable), (-185, "r", .abort, .retriable), (-185, "r", .initialize, .retriable),
            (-195, "r", .sendOffsets, .retriable), (16, "r", .commit, .retriable), (51, "r", .initialize, .retriable),
            // Messages failed delivery; no permission; a time-out that used the transaction's own up.
            (-149, "a", .commit, .needsAbort), (29, "a", .commit, .needsAbort), (30, "a", .sendOffsets, .needsAbort),
            (-185, "a", .sendOffsets, .needsAbort), (27, "a", .sendOffsets, .needsAbort),
            // Both flags: librdkafka's example looks at the abort first.
            (-185, "ra", .sendOffsets, .needsAbort),
            // The group has gone on; heard by the offsets, or by a commit after them.
            (22, "a", .sendOffsets, .staleMembership), (25, "a", .sendOffsets, .staleMembership),
            (82, "a", .sendOffsets, .staleMembership), (22, "a", .commit, .staleMembership),
            (110, "a", .sendOffsets, .staleMembership), (113, "a", .sendOffsets, .staleMembership),
            // A fencing is one however it is flagged; an epoch alone may be another thing.
            (-144, "f", .commit, .fenced), (-144, "a", .sendOffsets, .fenced), (-144, "r", .initialize, .fenced),
            (90, "a", .sendOffsets, .fenced), (90, "", .commit, .fenced), (47, "f", .commit, .fenced),
            (47, "a", .commit, .needsAbort),
            (53, "f", .initialize, .fatal), (48, "f", .commit, .fatal), (-150, "f", .begin, .fatal),
            (22, "f", .sendOffsets, .fatal),
            // Without a flag: the caller's bug, or unheard of.
            (-172, "", .commit, .fatal), (-186, "", .begin, .fatal), (12_345, "", .commit, .fatal),
            (22, "", .commit, .fatal),
            // An abort that fails is made again; before a transaction there is nothing to abort.
            (-1, "a", .abort, .retriable), (22, "a", .abort, .retriable), (-1, "a", .begin, .fatal),
            (-1, "a", .initialize, .fatal),
        ] as [(Int32, String, TransactionCall, TransactionFailure.Kind)])
    func verdicts(code: Int32, flags: String, call: TransactionCall, kind: TransactionFailure.Kind) {
        let verdict = TransactionVerdict(
            code: code, isRetriable: flags.contains("r"), requiresAbort: flags.contains("a"),
            isFatal: flags.contains("f"))
        #expect(TransactionFailure.Kind(verdict, of: call) == kind)
    }

    @Test func whatFailsAlwaysLeavesACallOrTheEnd() {
        for state in TransactionState.allCases {
            let legal = TransactionCall.allCases.filter { state.allows($0) }
            #expect(legal.isEmpty == (state == .failed), "\(state)")
            for call in legal {
                for kind in TransactionFailure.Kind.allCases {
                    let next = state.after(call, failing: kind)
                    switch kind {
                    case .retriable: #expect(next.allows(call), "\(state) \(call)")
                    case .needsAbort, .staleMembership: #expect(next == .mustAbort)
                    case .fenced, .fatal: #expect(next == .failed)
                    }
                }
            }
        }
        // In doubt nothing else is legal.
        for (call, doubt) in [(TransactionCall.commit, TransactionState.committing), (.abort, .aborting)] {
            let state = TransactionState.open.after(call, failing: .retriable)
            #expect(state == doubt)
            #expect(TransactionCall.allCases.filter { state.allows($0) } == [call])
        }
    }

    @Test func aWholeTransactionEndsWhereTheNextBegins() {
        var state = TransactionState.uninitialized
        for call in [TransactionCall.initialize, .begin, .sendOffsets, .commit, .begin, .abort] {
            #expect(state.allows(call))
            state = state.after(call, failing: nil)
        }
        #expect(state == .ready)
    }
}
