import Engine
import Foundation
import Testing

@testable import Scoring

@Suite struct ReplayServiceTests {
    private let space: ReplayWorkspace

    init() throws { space = try ReplayWorkspace() }

    static let smallTable =
        ReplayWorkspace.header + """
            1,2018-04-01T00:00:00Z,7,9.99,false
            2,2018-04-01T00:00:01.5Z,7,15.00,true
            3,2018-04-02T00:00:01.5Z,7,20.00,

            """

    static let smallRows = """
        transaction_id,event_time,amount,customer_tx_1d,score,decision
        1,2018-04-01T00:00:00Z,9.99,1,0.26894143,allow
        2,2018-04-01T00:00:01.5Z,15,2,0.5,allow
        3,2018-04-02T00:00:01.5Z,20,1,0.7310586,block

        """

    @Test func aTableInATableOut() throws {
        try space.write("in.csv", Self.smallTable)
        let outcome = try space.replay("in.csv", to: "out.csv")
        #expect(try space.text("out.csv") == Self.smallRows)
        #expect(outcome.summary.scored == 3)
        #expect(outcome.measures == nil)
        #expect(space.files == ["in.csv", "out.csv"])
    }

    @Test func everyFormatHoldsTheSame() throws {
        let table = ReplayWorkspace.table(rows: 2_000)
        try space.write("in.csv", table)
        try space.write("in.csv.gz", try ReplayWorkspace.gzip(Array(table.utf8)))
        let lines = table.split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",")
            return "{\"transaction_id\":\(cells[0]),\"tx_datetime\":\"\(cells[1])\",\"customer_id\":\"\(cells[2])\","
                + "\"tx_amount\":\(cells[3]),\"tx_fraud\":\(cells[4])}\n"
        }
        try space.write("in.ndjson", lines.joined())
        try space.write("in.jsonl.gz", try ReplayWorkspace.gzip(Array(lines.joined().utf8)))
        // A name that tells nothing: by the first character.
        try space.write("events", lines.joined())
        for output in ["out.csv", "out.ndjson", "out.csv.gz", "out.ndjson.gz"] {
            var seen: Set<[UInt8]> = []
            for input in ["in.csv", "in.csv.gz", "in.ndjson", "in.jsonl.gz", "events"] {
                for batchRows in [97, 4_096] {
                    let outcome = try space.replay(input, to: output) {
                        $0.settings.batchRowsMax = batchRows
                        $0.workers = 2
                    }
                    #expect(outcome.summary.scored == 2_000)
                    seen.insert(try space.bytes(output))
                }
            }
            #expect(seen.count == 1, "\(output)")
        }
        // What was compressed is what would have been written.
        for name in ["out.csv", "out.ndjson"] {
            #expect(try Self.readAll(FileByteSource(path: space.file(name + ".gz"))) == space.bytes(name))
        }
    }

    private static func readAll(_ source: FileByteSource, pieceBytes: Int = 1_000) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 8)
        defer { piece.deallocate() }
        while true {
            let count = try source.read(into: piece)
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    @Test func theFormatIsTakenFromTheOptionFirst() throws {
        try space.write("events", Self.smallTable)
        _ = try space.replay("events", to: "rows") {
            $0.inputFormat = .csv
            $0.outputFormat = .csv
        }
        #expect(try space.text("rows") == Self.smallRows)
        let failure = try space.failure { try space.replay("events", to: "rows.txt") }
        #expect(failure.kind == .usage)
        #expect(failure.text.contains("tells no format"))
    }

    @Test(arguments: [1, 2, 5, 9, 12, 100, -1, -4, -8, -9]) func truncatedGzipFails(length: Int) throws {
        let whole = try ReplayWorkspace.gzip(Array(ReplayWorkspace.table(rows: 3_000).utf8))
        try space.write("in.csv.gz", Array(length > 0 ? whole.prefix(length) : whole.dropLast(-length)))
        try space.write("out.csv", "what was there before")
        let failure = try space.failure { try space.replay("in.csv.gz", to: "out.csv") }
        #expect(failure.kind == .environment)
        #expect(failure.text.hasPrefix("in.csv.gz: it is "))
        #expect(try space.text("out.csv") == "what was there before")
        #expect(space.files == ["in.csv.gz", "out.csv"])
    }

    @Test func damagedGzipFails() throws {
        var bytes = try ReplayWorkspace.gzip(Array(ReplayWorkspace.table(rows: 3_000).utf8))
        // The checksum at the end.
        bytes[bytes.count - 6] ^= 0xFF
        try space.write("in.csv.gz", bytes)
        let failure = try space.failure { try space.replay("in.csv.gz", to: "out.csv") }
        #expect(failure.text.hasPrefix("in.csv.gz: its gzip data is damaged"))
        #expect(space.files == ["in.csv.gz"])
        try space.write("in.csv.gz", [])
        #expect(try space.failure { try space.replay("in.csv.gz", to: "out.csv") }.text.contains("not gzip"))
    }

    @Test func inputsThatCannotBeRead() throws {
        #expect(
            try space.failure { try space.replay("none.csv", to: "out.csv") }
                == (.environment, "none.csv: cannot be read: no such file or directory"))
        #expect(
            try space.failure { try space.replay("/tmp", to: "out.csv") { $0.inputFormat = .csv } }
                == (.environment, "/tmp: cannot be read: is a directory"))
        try space.write("in.csv", "")
        #expect(
            try space.failure { try space.replay("in.csv", to: "out.csv") }
                == (.environment, "in.csv: the input is empty: a CSV file begins with a header"))
        try space.write("in.csv", "transaction_id,tx_datetime,tx_amount\n")
        #expect(
            try space.failure { try space.replay("in.csv", to: "out.csv") }.text.contains("no column \"customer_id\""))
        #expect(space.files == ["in.csv"])
    }

    @Test func outputsThatCannotBeWritten() throws {
        try space.write("in.csv", ReplayWorkspace.table(rows: 20_000))
        #expect(
            try space.failure { try space.replay("in.csv", to: "none/out.csv") }
                == (.environment, "none/out.csv: cannot be written: no such file or directory"))
        let full = try space.failure { try space.replay("in.csv", to: "/dev/full") { $0.outputFormat = .csv } }
        #expect(full == (.environment, "/dev/full: cannot be written: the disk is full"))
        #expect(space.files == ["in.csv"])
        try FileManager.default.createDirectory(atPath: space.file("folder.csv"), withIntermediateDirectories: false)
        #expect(
            try space.failure { try space.replay("in.csv", to: "folder.csv") }.text
                == "folder.csv: cannot be written: is a directory")
    }

    @Test func aDeviceIsWrittenAndNotReplaced() throws {
        try space.write("in.csv", Self.smallTable)
        _ = try space.replay("in.csv", to: "/dev/null") { $0.outputFormat = .csv }
        let attributes = try FileManager.default.attributesOfItem(atPath: "/dev/null")
        #expect(attributes[.type] as? FileAttributeType == .typeCharacterSpecial)
    }

    @Test func aLinkStaysAndItsFileIsReplaced() throws {
        try space.write("in.csv", Self.smallTable)
        try space.write("real.csv", "before")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: space.file("real.csv"))
        try FileManager.default.createSymbolicLink(atPath: space.file("link.csv"), withDestinationPath: "real.csv")
        _ = try space.replay("in.csv", to: "link.csv")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: space.file("link.csv")) == "real.csv")
        #expect(try space.text("real.csv") == Self.smallRows)
        let mode = try FileManager.default.attributesOfItem(atPath: space.file("real.csv"))[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    @Test func theInputIsNeverOverwritten() throws {
        try space.write("in.csv", Self.smallTable)
        try FileManager.default.createSymbolicLink(atPath: space.file("link.csv"), withDestinationPath: "in.csv")
        for output in ["in.csv", "link.csv"] {
            #expect(
                try space.failure { try space.replay("in.csv", to: output) }
                    == (.usage, "--input and --output are the same file"))
        }
        #expect(try space.text("in.csv") == Self.smallTable)
    }

    @Test func faultsAreShownUpToALimitWithoutTheirValues() throws {
        final class Observer: ReplayProgressObserver {
            var lines: [Int64] = []
            var texts: [String] = []
            var last: ReplayProgress?
            func replayDidAdvance(_ progress: ReplayProgress) { last = progress }
            func replayDidFind(file: String?, line: Int64, code: String, message: String) {
                lines.append(line)
                texts.append("\(code): \(message)")
            }
        }
        let rows = (0..<40).map { "\($0),secret\($0),7,1.00,false\n" }
        try space.write("in.csv", Self.smallTable + rows.joined())
        let observer = Observer()
        let outcome = try space.replay("in.csv", to: "out.csv", observer: observer)
        #expect(outcome.summary.faults == 40)
        #expect(observer.lines == (5..<15).map { Int64($0) })
        #expect(
            observer.texts.allSatisfy { $0.hasPrefix("invalid-time: field \"tx_datetime\"") && !$0.contains("secret") })
        #expect(try space.text("out.csv") == Self.smallRows)
        let progress = try #require(observer.last)
        #expect(progress.inputRead == progress.inputTotal)
    }

    @Test func aTimeOfTheRecordIsRefused() throws {
        let text = ReplayWorkspace.pipeline.replacingOccurrences(
            of: "time: {field: tx_datetime, format: iso8601}", with: "time: record")
        try space.write("pipeline.yaml", text)
        try space.write("in.csv", Self.smallTable)
        let failure = try space.failure { try space.replay("in.csv", to: "out.csv") }
        #expect(failure.kind == .usage)
        #expect(failure.text.contains("timestamps"))
    }

    @Test func twoColumnsOfOneNameAreRefused() throws {
        let text = ReplayWorkspace.pipeline.replacingOccurrences(
            of: "- amount: tx_amount", with: "- decision: tx_amount")
        try space.write("pipeline.yaml", text)
        try space.write(
            "model.json", ReplayWorkspace.model.replacingOccurrences(of: "\"amount\"", with: "\"decision\""))
        try space.write("in.csv", Self.smallTable)
        let failure = try space.failure { try space.replay("in.csv", to: "out.csv") }
        #expect(failure.kind == .usage)
        #expect(
            failure.text == "two columns of the output would be called \"decision\": rename the feature or the model")
    }

    @Test func discardingLeavesNothing() throws {
        let target = try ReplayTarget(path: space.file("out.csv"))
        #expect(space.files.count == 1)
        target.discard()
        target.discard()
        #expect(space.files.isEmpty)
        close(target.descriptor)
    }
}
