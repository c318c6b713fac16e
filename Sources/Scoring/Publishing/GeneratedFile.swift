import Engine
import Generation

/// A file that generated rows are written to, block by block.
final class GeneratedFile {
    private static let blockBytes = 64 << 10

    /// `nil`: the sink is another's.
    let target: ReplayTarget?
    private let sink: any ByteSink
    private let format: RecordFormat
    private var block: [UInt8] = []

    /// - Throws: `ReplayFailure`.
    init(_ path: String) throws {
        format = try GenerateService.format(of: path)
        let target = try ReplayTarget(path: path)
        let file = FileByteSink(descriptor: target.descriptor, name: target.name)
        sink = path.hasSuffix(".gz") ? GzipByteSink(into: file) : file
        self.target = target
    }

    init(_ sink: any ByteSink, as format: RecordFormat) {
        target = nil
        self.sink = sink
        self.format = format
    }

    func begin(_ header: String) {
        block.reserveCapacity(Self.blockBytes + CardTransactionWriter.eventBytesMax)
        if format == .csv { block += Array(header.utf8) + [UInt8(ascii: "\n")] }
    }

    func append(csv: (inout [UInt8]) -> Void, json: (inout [UInt8]) -> Void) throws {
        if format == .csv { csv(&block) } else { json(&block) }
        block.append(UInt8(ascii: "\n"))
        if block.count >= Self.blockBytes { try flush() }
    }

    func flush() throws {
        if block.isEmpty { return }
        try block.withUnsafeBytes { try sink.write($0) }
        block.removeAll(keepingCapacity: true)
    }

    func finish() throws {
        try flush()
        try sink.finish()
    }
}
