import Engine
import Foundation
import Testing

@testable import Scoring

@Suite struct ReplayStreamTests {
    // SAFETY: read by one thread at a time.
    private final class Bytes: ByteSource, @unchecked Sendable {
        struct Ended: Error, Hashable {}

        private var rest: ArraySlice<UInt8>
        private let pieceBytes: Int
        private let fails: Bool

        init(_ bytes: [UInt8], pieceBytes: Int, fails: Bool = false) {
            rest = bytes[...]
            self.pieceBytes = pieceBytes
            self.fails = fails
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let piece = rest.prefix(min(pieceBytes, buffer.count))
            if piece.isEmpty && fails { throw Ended() }
            buffer.copyBytes(from: piece)
            rest = rest.dropFirst(piece.count)
            return piece.count
        }
    }

    private static let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) }

    private static func readAll(_ source: AheadByteSource, pieceBytes: Int) throws -> [UInt8] {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 8)
        defer { piece.deallocate() }
        var read: [UInt8] = []
        while true {
            let count = try source.read(into: piece)
            if count == 0 { break }
            read += piece[..<count]
        }
        #expect(try source.read(into: piece) == 0)
        return read
    }

    @Test(arguments: [1, 7, 1_000, 4_096, 1 << 20]) func readingAheadChangesNothing(pieceBytes: Int) throws {
        for blockBytes in [64, 1_000, 1 << 20] {
            let source = AheadByteSource(Bytes(Self.bytes, pieceBytes: 300), blockBytes: blockBytes)
            #expect(try Self.readAll(source, pieceBytes: pieceBytes) == Self.bytes)
            source.stop()
        }
    }

    @Test func aFailureComesBehindTheBytesBeforeIt() throws {
        let source = AheadByteSource(Bytes(Self.bytes, pieceBytes: 999, fails: true), blockBytes: 500)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bytes.count, alignment: 8)
        defer { piece.deallocate() }
        var count = 0
        #expect(throws: Bytes.Ended()) {
            while true { count += try source.read(into: piece) }
        }
        #expect(count == Self.bytes.count)
        #expect(throws: Bytes.Ended()) { try source.read(into: piece) }
        source.stop()
    }

    @Test func whatIsNotReadMayBeLeft() throws {
        for reads in 0...3 {
            let source = AheadByteSource(Bytes(Self.bytes, pieceBytes: 100), blockBytes: 100)
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 60, alignment: 8)
            defer { piece.deallocate() }
            for _ in 0..<reads { #expect(try source.read(into: piece) > 0) }
            source.stop()
        }
    }

    @Test(arguments: [1, 13, 64, 5_000]) func blocksHaveOneSizeWhateverIsWritten(pieceBytes: Int) throws {
        let sink = CollectingSink()
        let behind = BehindByteSink(sink, blockBytes: 64)
        var place = 0
        while place < Self.bytes.count {
            let end = min(Self.bytes.count, place + pieceBytes)
            try Self.bytes[place..<end].withUnsafeBytes { try behind.write($0) }
            place = end
        }
        try behind.finish()
        #expect(sink.bytes == Self.bytes)
        #expect(sink.isFinished)
        #expect(sink.writeBytes.dropLast().allSatisfy { $0 == 64 })
    }

    @Test(arguments: [1, 2, 20, 157]) func aFailedWriteIsHeardOf(write: Int) throws {
        let sink = CollectingSink()
        sink.failsAtWrite = write
        let behind = BehindByteSink(sink, blockBytes: 64)
        #expect(throws: CollectingSink.Refused()) {
            try Self.bytes.withUnsafeBytes { try behind.write($0) }
            try behind.finish()
        }
        behind.stop()
        #expect(sink.bytes == Array(Self.bytes.prefix((write - 1) * 64)))
        #expect(!sink.isFinished)
    }

    @Test func aFailedEndIsHeardOf() throws {
        let sink = CollectingSink()
        sink.failsAtFinish = true
        let behind = BehindByteSink(sink, blockBytes: 64)
        try Self.bytes.withUnsafeBytes { try behind.write($0) }
        #expect(throws: CollectingSink.Refused()) { try behind.finish() }
    }

    @Test func compressionReadsBack() throws {
        let space = try ReplayWorkspace()
        for pieceBytes in [1, 500, 1 << 20] {
            try space.write("x.gz", try ReplayWorkspace.gzip(Self.bytes, pieceBytes: pieceBytes))
            let source = try FileByteSource(path: space.file("x.gz"))
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
            defer { piece.deallocate() }
            #expect(try source.read(into: piece) == Self.bytes.count)
            #expect(Array(piece[..<Self.bytes.count]) == Self.bytes)
            #expect(try source.read(into: piece) == 0)
        }
        // Several members one behind the other are one stream.
        let half = Self.bytes.count / 2
        let members =
            try ReplayWorkspace.gzip(Array(Self.bytes[..<half])) + ReplayWorkspace.gzip(Array(Self.bytes[half...]))
        try space.write("x.gz", members)
        let source = AheadByteSource(try FileByteSource(path: space.file("x.gz")))
        #expect(try Self.readAll(source, pieceBytes: 1_000) == Self.bytes)
    }

    @Test func aReaderThatHasGoneIsABrokenPipe() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        let descriptor = dup(pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        let sink = FileByteSink(descriptor: descriptor, name: "standard output")
        let failure = try #require(throws: ReplayFailure.self) {
            try Self.bytes.withUnsafeBytes { try sink.write($0) }
        }
        #expect(failure.kind == .brokenPipe)
    }
}
