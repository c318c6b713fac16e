import Foundation
import Testing

@testable import Engine

/// The machine's own file system.
final class SystemFileLayerTests {
    private let directory = NSTemporaryDirectory() + "riffle-\(UUID().uuidString)"
    private let files = SystemFileLayer()

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? Int ?? 0) & 0o7777
    }

    @Test func snapshotsAreForTheirOwnerAlone() throws {
        let store = SnapshotStore(
            directory: directory + "/deep/state/", pipeline: "payments", statePlanHash: KeyedState.hash)
        let original = KeyedState(events: 500)
        for _ in 0..<4 { try original.write(to: store) }
        #expect(try mode(directory) == 0o700)
        #expect(try mode(directory + "/deep/state") == 0o700)
        let names = try files.list(directory + "/deep/state").sorted()
        #expect(names == (2...4).map { "payments-0000000000000000000\($0).snapshot" })
        for name in names { #expect(try mode(directory + "/deep/state/" + name) == 0o600) }
        let copy = KeyedState()
        #expect(try copy.restore(from: store).loaded?.header.sequence == 4)
        #expect(copy.bytes == original.bytes)
    }

    @Test func whatIsThereIsNotOverwritten() throws {
        try files.makeDirectory(directory)
        try files.makeDirectory(directory)
        let file = try files.create(directory + "/a")
        try Array("ab".utf8).withUnsafeBytes { try file.append($0) }
        try file.synchronize()
        try file.close()
        #expect(throws: FileFailure.self) { try files.create(directory + "/a") }
        symlink(directory + "/b", directory + "/link")
        #expect(throws: FileFailure.self) { try files.create(directory + "/link") }
        #expect(!FileManager.default.fileExists(atPath: directory + "/b"))
        try files.rename(directory + "/a", to: directory + "/c")
        try files.synchronizeDirectory(directory)
        let reading = try files.open(directory + "/c")
        var bytes: [UInt8] = [0]
        #expect(reading.byteCount == 2)
        try bytes.withUnsafeMutableBytes { try reading.read(at: 1, into: $0) }
        #expect(bytes == Array("b".utf8))
        #expect(throws: FileFailure.self) { try bytes.withUnsafeMutableBytes { try reading.read(at: 2, into: $0) } }
        try files.delete(directory + "/c")
        #expect(try files.list(directory) == ["link"])
    }

    @Test func onlyRegularFilesAreRead() throws {
        try files.makeDirectory(directory)
        #expect(mkfifo(directory + "/pipe", 0o600) == 0)
        for path in [directory, directory + "/pipe", "/dev/null"] {
            let failure = #expect(throws: FileFailure.self) { try files.open(path) }
            #expect(failure?.description == "\(path): cannot be opened: it is no regular file")
        }
    }

    @Test func failuresSayWhatAndWhy() throws {
        let missing = directory + "/missing"
        #expect(try files.list(missing) == [])
        let failure = #expect(throws: FileFailure.self) { try files.open(missing) }
        #expect(failure?.description == "\(missing): cannot be opened: No such file or directory")
        #expect(throws: FileFailure.self) { try files.delete(missing) }
        #expect(throws: FileFailure.self) { try files.rename(missing, to: missing + "2") }
        #expect(throws: FileFailure.self) { try files.synchronizeDirectory(missing) }
        #expect(throws: FileFailure.self) { try files.create(missing + "/a") }
        #expect(throws: FileFailure.self) { try files.list("/dev/null") }
        #expect(throws: FileFailure.self) { try files.makeDirectory("/dev/null/a") }
    }
}
