public import Engine
import Events
import Foundation
import Generation
import Workers

/// What a bench of the phases is to measure.
public struct PhaseBenchOptions: Sendable {
    public static let eventsGenerated = 500_000
    public static let roundsMax = 1_000
    public static let batchRowsLimit = 65_536

    /// Newline-delimited JSON, also `.gz`; `nil`: card transactions are generated.
    public var input: String?
    /// `nil`: all of a file, or `eventsGenerated`.
    public var eventsMax: Int?
    public var workers = 1
    public var rounds = 3
    public var batchRowsMax = StreamSettings().batchRowsMax

    public init() {}
}

/// `riffle bench phases`: what each phase of a pipeline takes for events that lie in memory.
public final class PhaseBench {
    public let assembly: PipelineAssembly
    public let options: PhaseBenchOptions
    public let events: MemoryEvents
    /// The input file without its folders, or what says that events were generated.
    public let eventsName: String

    private static let readBytes = 1 << 20

    /// Reads or makes all events.
    ///
    /// - Throws: a usage failure for what does not fit together, or why the file cannot be read.
    public init(assembly: PipelineAssembly, options: PhaseBenchOptions) throws(ReplayFailure) {
        self.assembly = assembly
        self.options = options
        try Self.check(assembly, options)
        let eventBytesMax = assembly.scoring.decodeLimits.eventBytesMax
        let eventsMax: Int
        let lines: [UInt8]
        if let input = options.input {
            eventsMax = options.eventsMax ?? .max
            eventsName = input.lastIndex(of: "/").map { String(input[input.index(after: $0)...]) } ?? input
            lines = try Self.read(input, eventsMax: eventsMax)
        } else {
            eventsMax = options.eventsMax ?? PhaseBenchOptions.eventsGenerated
            eventsName = "the generator"
            lines = try Self.generate(eventsMax, for: assembly).events
        }
        events = MemoryEvents(lines: lines, countMax: eventsMax, eventBytesMax: eventBytesMax)
        if events.count == 0 { throw ReplayFailure(.usage, "there are no events in \(eventsName)") }
    }

    private static func check(_ assembly: PipelineAssembly, _ options: PhaseBenchOptions) throws(ReplayFailure) {
        func require(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws(ReplayFailure) {
            if range.contains(value) { return }
            throw ReplayFailure(.usage, "\(name) is from \(range.lowerBound) to \(range.upperBound)")
        }
        try require(options.workers, 1...WorkerPool.workersMax, "--workers")
        try require(options.rounds, 1...PhaseBenchOptions.roundsMax, "--rounds")
        try require(options.batchRowsMax, 1...PhaseBenchOptions.batchRowsLimit, "--batch")
        if let eventsMax = options.eventsMax, eventsMax < 1 { throw ReplayFailure(.usage, "--events is at least 1") }
        if assembly.scoring.schema.time == .record {
            throw ReplayFailure(
                .usage, "the pipeline takes its times from the records' timestamps, and events in memory have none")
        }
    }

    /// The file up to the block in which the last wanted line ends.
    static func read(_ path: String, eventsMax: Int) throws(ReplayFailure) -> [UInt8] {
        let source = try FileByteSource(path: path)
        var bytes: [UInt8] = []
        var lines = 0
        var hasContent = false
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: readBytes, alignment: 64)
        defer { block.deallocate() }
        do {
            while lines < eventsMax {
                let count = try source.read(into: block)
                if count == 0 { break }
                let read = UnsafeRawBufferPointer(rebasing: block[..<count])
                for byte in read {
                    if byte == UInt8(ascii: "\n") {
                        // Empty lines are no events, so they do not count as one.
                        if hasContent { lines += 1 }
                        hasContent = false
                    } else if byte != UInt8(ascii: "\r") {
                        hasContent = true
                    }
                }
                bytes.append(contentsOf: read)
                if bytes.count > MemoryEvents.bytesMax {
                    throw ReplayFailure(
                        .usage,
                        "\(source.name) has more than \(MemoryEvents.bytesMax) bytes: take fewer events with --events")
                }
            }
        } catch let failure as ReplayFailure {
            throw failure
        } catch {
            throw ReplayFailure(.environment, "\(source.name): \(error)")
        }
        return bytes
    }

    /// Card transactions, and the labels that are known before the last of them where labels have a source of their
    /// own; else the events carry them.
    static func generate(
        _ count: Int, for assembly: PipelineAssembly
    ) throws(ReplayFailure) -> (events: [UInt8], labels: [UInt8]) {
        let problems = GeneratedFields.problems(of: assembly)
        guard problems.isEmpty else {
            let list = problems.joined(separator: "; ")
            throw ReplayFailure(.usage, "generated events do not fit this pipeline; give it some with --input: \(list)")
        }
        let countMax = MemoryEvents.bytesMax / CardTransactionWriter.eventBytesMax
        guard count <= countMax else {
            throw ReplayFailure(.usage, "--events is at most \(countMax) for generated events")
        }
        var options = CardTransactionOptions()
        GeneratedFields.add(to: &options, for: assembly)
        var generator = CardTransactionGenerator(options)
        let hasLabelSource = GeneratedFields.hasLabelSource(assembly)
        var pending = PendingLabels(delayMicroseconds: GenerateOptions.labelDelayDefault)
        var (events, labels): ([UInt8], [UInt8]) = ([], [])
        for _ in 0..<count {
            guard let transaction = generator.next() else { break }
            CardTransactionWriter.appendJSON(transaction, hasLabel: !hasLabelSource, to: &events)
            events.append(UInt8(ascii: "\n"))
            if !hasLabelSource { continue }
            while let label = pending.next(at: transaction.time) {
                CardTransactionWriter.appendJSON(label, to: &labels)
                labels.append(UInt8(ascii: "\n"))
                pending.removeFirst()
            }
            pending.add(transaction)
        }
        return (events, labels)
    }

    /// Runs the rounds, each from empty state, on the calling thread and its helpers.
    public func run() -> PhaseBenchResult {
        let pool = WorkerPool(workerCount: options.workers)
        defer { pool.shutDown() }
        let measurement = PhaseMeasurement(
            plan: assembly.scoring, pool: pool, batchRowsMax: options.batchRowsMax, processorClock: ProcessorClock())
        return PhaseBenchResult(
            workers: options.workers,
            passes: (0..<options.rounds).map { _ in measurement.measure(events, origin: eventsName) })
    }
}

/// The time that this process computed, all threads together.
private struct ProcessorClock: EngineClock {
    var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
