public import Kafka
public import Logging
import Foundation
import Synchronization
import Workers

/// Follows a drift topic on a thread of its own, for whoever looks at a pipeline from another process than its monitor.
public final class AlertFollower: Sendable {
    public enum Standing: Hashable, Sendable {
        case connecting
        /// No monitor has made it yet.
        case noTopic
        case following
        case failed(String)
    }

    private struct State {
        var board = AlertBoard()
        var standing = Standing.connecting
    }

    private let brokers: String
    private let group: String
    private let properties: KafkaProperties
    private let topic: String
    private let pipeline: String
    private let logger: Logger
    private let state = Mutex(State())
    private let stopping = BoundedQueue<Void>(capacity: 1)
    private let isStopped = Atomic<Bool>(false)
    private let thread = Mutex<ServiceThread?>(nil)
    private static let answerMilliseconds = 30_000
    private static let waitMilliseconds = 250
    /// Until it looks again for a topic that is not there, or for brokers that did not answer.
    private static let pauseMilliseconds = 5_000

    /// - Parameter topic: that of the alerts.
    public init(
        brokers: String, group: String, properties: KafkaProperties, topic: String, pipeline: String, logger: Logger
    ) {
        (self.brokers, self.group, self.properties) = (brokers, group, properties)
        (self.topic, self.pipeline, self.logger) = (topic, pipeline, logger)
        thread.withLock { $0 = ServiceThread(name: "alerts") { [self] in follow() } }
    }

    /// Waits for the thread's end; calls after the first do nothing.
    public func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        isStopped.store(true, ordering: .sequentiallyConsistent)
        stopping.push(())
        running.join()
    }

    /// From any thread.
    public var current: (board: AlertBoard, standing: Standing) { state.withLock { ($0.board, $0.standing) } }

    private var isOver: Bool { isStopped.load(ordering: .sequentiallyConsistent) }

    private func follow() {
        while !isOver {
            do {
                try followOnce()
            } catch {
                state.withLock { $0.standing = .failed("\(error)") }
                logger.info("alerts cannot be read", metadata: ["topic": "\(topic)", "reason": "\(error)"])
            }
            if !isOver { _ = stopping.pop(milliseconds: Self.pauseMilliseconds) }
        }
    }

    private func followOnce() throws {
        guard
            let follower = try TopicFollower(
                brokers: brokers, group: group, properties: properties, topic: topic,
                milliseconds: Self.answerMilliseconds,
                onLog: { [logger] in
                    logger.debug("librdkafka \($0.facility)", metadata: ["reason": "\($0.message)"])
                })
        else {
            state.withLock { $0.standing = .noTopic }
            return
        }
        // Whatever was seen before stands in the topic still, or does not count any more.
        state.withLock { $0 = State(standing: .following) }
        while !isOver {
            var values: [Data] = []
            try follower.next(milliseconds: Self.waitMilliseconds) { record in
                if let value = record.valueBytes { values.append(Data(value)) }
            }
            if values.isEmpty { continue }
            state.withLock { state in for value in values { state.board.note(value, pipeline: pipeline) } }
        }
    }
}
