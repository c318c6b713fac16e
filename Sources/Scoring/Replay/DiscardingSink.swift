import Engine

/// A sink that sends nothing: outputs of a replay are rows.
final class DiscardingSink: SinkPort {
    private weak var observer: (any SinkObserver)?

    func attach(_ observer: (any SinkObserver)?) { self.observer = observer }

    func send(_ output: OutputRecord) -> SendOutcome {
        observer?.sinkDidAcknowledge(token: output.token)
        return .queued
    }

    func serve(milliseconds: Int) {}
    func wake() {}

    var orderPosition: Int64 { -1 }
    var transactions: (any TransactionPort)? { nil }
}
