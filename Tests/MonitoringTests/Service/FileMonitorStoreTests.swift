import Engine
import Foundation
import Testing

@testable import Monitoring

@Suite struct FileMonitorStoreTests {
    /// A folder that is removed when the body is over.
    static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("monitor-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path + "/state")
    }

    @Test func theNewestFewAreKeptNewestFirst() throws {
        try Self.withFolder { folder in
            let store = FileMonitorStore(directory: folder, name: "payments", keep: 2)
            #expect(try store.states().isEmpty)
            for number in 1...5 { try store.save([UInt8(number)]) }
            #expect(try store.states() == [[5], [4]])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
            #expect(try FileMonitorStore(directory: folder, name: "payment", keep: 2).states().isEmpty)
            let other = FileMonitorStore(directory: folder, name: "payments-eu", keep: 1)
            try other.save([9])
            #expect(try other.states() == [[9]])
            #expect(try store.states() == [[5], [4]])
        }
    }

    @Test func whatWasNotFinishedIsPassedOverAndClearedAway() throws {
        try Self.withFolder { folder in
            let files = FailingFiles()
            let store = FileMonitorStore(directory: folder, name: "payments", keep: 3, files: files)
            try store.save([1])
            for operation in FailingFiles.Operation.allCases {
                files.failing = operation
                #expect(throws: FileFailure.self, "\(operation)") { try store.save([2]) }
                files.failing = nil
                let states = try store.states()
                // A rename that is not durable yet may be seen all the same.
                #expect(states.last == [1] && states.count <= 2, "\(operation): \(states)")
                #expect(states.dropLast().allSatisfy { $0 == [2] })
                for name in try FileManager.default.contentsOfDirectory(atPath: folder)
                where FileManager.default.contents(atPath: folder + "/" + name) == Data([2])
                    && name.hasSuffix(".monitor")
                {
                    try FileManager.default.removeItem(atPath: folder + "/" + name)
                }
            }
            try store.save([3])
            #expect(try store.states() == [[3], [1]])
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.allSatisfy { $0.hasSuffix(".monitor") }, "\(left)")
        }
    }

    @Test func filesAreForTheirOwnerAlone() throws {
        try Self.withFolder { folder in
            try FileMonitorStore(directory: folder, name: "payments", keep: 1).save([1])
            let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
    }
}

/// The machine's files, of which one kind of call fails.
private final class FailingFiles: FileLayer, @unchecked Sendable {
    // SAFETY: a test's one thread.
    enum Operation: CaseIterable { case create, append, synchronize, rename, synchronizeDirectory }

    var failing: Operation?
    private let files = SystemFileLayer()

    func check(_ operation: Operation, _ path: String) throws(FileFailure) {
        if failing == operation { throw FileFailure(.append, path, reason: "planted") }
    }

    func makeDirectory(_ path: String) throws(FileFailure) { try files.makeDirectory(path) }

    func create(_ path: String) throws(FileFailure) -> any AppendableFile {
        try check(.create, path)
        return FailingFile(try files.create(path), self, path)
    }

    func open(_ path: String) throws(FileFailure) -> any ReadableFile { try files.open(path) }

    func rename(_ path: String, to target: String) throws(FileFailure) {
        try check(.rename, path)
        try files.rename(path, to: target)
    }

    func synchronizeDirectory(_ path: String) throws(FileFailure) {
        try check(.synchronizeDirectory, path)
        try files.synchronizeDirectory(path)
    }

    func list(_ directory: String) throws(FileFailure) -> [String] { try files.list(directory) }
    func delete(_ path: String) throws(FileFailure) { try files.delete(path) }
}

private final class FailingFile: AppendableFile, @unchecked Sendable {
    // SAFETY: a test's one thread.
    private let file: any AppendableFile
    private let files: FailingFiles
    private let path: String

    init(_ file: any AppendableFile, _ files: FailingFiles, _ path: String) {
        self.file = file
        self.files = files
        self.path = path
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFailure) {
        try files.check(.append, path)
        try file.append(bytes)
    }

    func synchronize() throws(FileFailure) {
        try files.check(.synchronize, path)
        try file.synchronize()
    }

    func close() throws(FileFailure) { try file.close() }
}
