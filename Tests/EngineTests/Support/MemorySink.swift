import Dispatch
import Engine
import Synchronization

/// An output as the sink took it.
struct MemoryOutput: Hashable, Sendable {
    var kind: OutputKind
    var key: String?
    var value: String?
    /// The value as it is.
    var bytes: [UInt8] = []
    var headers: [String: String]
    var token: UInt64
    var isAcknowledged = false

    var origin: String { headers["riffle-origin"] ?? "" }
    /// `topic/partition`, and the offset.
    var lane: String { origin.split(separator: "/").dropLast().joined(separator: "/") }
    var offset: Int64 { origin.split(separator: "/").last.flatMap { Int64($0) } ?? -1 }
}

struct InjectedFault: Error, Hashable {
    let what: String
}

/// A sink in memory: the script decides when outputs are acknowledged, refused or found too large, and when there is
/// no room.
// SAFETY: all state is behind the mutex; what the script sets is set before the engine runs.
final class MemorySink: SinkPort, @unchecked Sendable {
    /// Chooses which of so many waiting outputs are acknowledged by one `serve`; the default is all, in order.
    var acknowledge: (_ waiting: Int) -> [Int] = { Array(0..<$0) }
    /// Runs on each `serve`.
    var onServe: () -> Void = {}
    /// Outputs that may wait for their acknowledgement; beyond it there is no room.
    var capacity = Int.max
    /// Key, value and headers of a record together.
    var recordBytesMax = Int.max
    /// Throws at the n-th `send`.
    var failsAtSend: Int?
    /// The n-th output is never accepted by the brokers.
    var failsAtDelivery: Int?
    /// Set before the engine is made: outputs are committed there, not acknowledged.
    var transactions: (any TransactionPort)?
    let clock: ManualClock?

    private struct State {
        var outputs: [MemoryOutput] = []
        var waiting: [Int] = []
        var sends = 0
        var fullCount = 0
    }

    private let state = Mutex(State())
    private let observer = Mutex<Observer>(Observer())
    private let changed = DispatchSemaphore(value: 0)

    private struct Observer: @unchecked Sendable { weak var value: (any SinkObserver)? }

    init(clock: ManualClock? = nil) { self.clock = clock }

    var outputs: [MemoryOutput] { state.withLock { $0.outputs } }
    var scores: [MemoryOutput] { outputs.filter { $0.kind == .score } }
    var deadLetters: [MemoryOutput] { outputs.filter { $0.kind == .deadLetter } }
    /// How often there was no room.
    var fullCount: Int { state.withLock { $0.fullCount } }

    func attach(_ observer: (any SinkObserver)?) { self.observer.withLock { $0.value = observer } }

    func send(_ output: OutputRecord) throws -> SendOutcome {
        func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        let headers = Dictionary(uniqueKeysWithValues: output.headers.map { ("\($0.name)", text($0.value) ?? "") })
        let bytes = headers.reduce((output.key?.count ?? 0) + (output.value?.count ?? 0)) {
            $0 + $1.key.utf8.count + $1.value.utf8.count
        }
        let outcome: SendOutcome? = state.withLock { state in
            state.sends += 1
            if state.sends == failsAtSend { return nil }
            if bytes > recordBytesMax { return .tooLarge }
            if state.waiting.count >= capacity {
                state.fullCount += 1
                return .full
            }
            state.waiting.append(state.outputs.count)
            state.outputs.append(
                MemoryOutput(
                    kind: output.kind, key: text(output.key), value: text(output.value),
                    bytes: output.value.map { Array($0) } ?? [], headers: headers,
                    token: output.token))
            return .queued
        }
        changed.signal()
        guard let outcome else { throw InjectedFault(what: "send") }
        return outcome
    }

    var orderPosition: Int64 { -1 }

    func wake() { changed.signal() }

    func serve(milliseconds: Int) {
        onServe()
        clock?.advance(milliseconds: 1)
        let chosen: [(index: Int, token: UInt64)] = state.withLock { state in
            let places = acknowledge(state.waiting.count)
            let chosen = places.map { state.waiting[$0] }
            for place in places.sorted(by: >) { state.waiting.remove(at: place) }
            for index in chosen where index != failsAtDelivery { state.outputs[index].isAcknowledged = true }
            return chosen.map { ($0, state.outputs[$0].token) }
        }
        let observer = observer.withLock { $0.value }
        for (index, token) in chosen {
            if index == failsAtDelivery {
                observer?.sinkDidFail(token: token, error: InjectedFault(what: "delivery"))
            } else {
                observer?.sinkDidAcknowledge(token: token)
            }
        }
        if !chosen.isEmpty { return }
        if clock == nil && milliseconds > 0 {
            _ = changed.wait(timeout: .now() + .milliseconds(milliseconds))
        }
    }
}
