import Foundation
import Testing

@testable import Engine

/// What `riffle state inspect` and `verify` print.
struct SnapshotInspectionTests {
    private func sample() throws -> (disk: MemoryDisk, path: String) {
        let disk = MemoryDisk()
        let store = SnapshotStore(disk)
        try KeyedState(events: 100).write(to: store)
        return (disk, disk.paths[0])
    }

    private func object(_ inspection: SnapshotInspection) throws -> [String: Any] {
        let parsed = try JSONSerialization.jsonObject(with: Data(inspection.json.utf8))
        return try #require(parsed as? [String: Any])
    }

    @Test func whatItHoldsIsShown() throws {
        let (disk, path) = try sample()
        let inspection = SnapshotInspection(path: path, files: disk, verifies: false)
        #expect(inspection.isSound)
        let entities = inspection.entities
        #expect(entities.map(\.name) == ["customer", "terminal"])
        #expect(entities.map(\.keys) == [31, 11])
        let bytes = entities.map(\.bytes)
        let size = try #require(disk.bytes(at: path)?.count)
        #expect(
            inspection.text == """
                \(path): sound as far as was read
                  pipeline   payments, state plan feedc0de00000001, format 1
                  sequence   1, written 2023-11-14T22:13:20.1Z
                  watermark  1970-01-01T00:00:00.000296Z, 5 late
                  order      from offset 77
                  partition  payments/0 from offset 50
                  partition  payments/1 from offset 50
                  entity     customer: 31 keys, 100 events, \(bytes[0]) bytes in 2 shards
                  entity     terminal: 11 keys, 100 events, \(bytes[1]) bytes in 2 shards
                  file       \(size) bytes
                """)
        let object = try object(SnapshotInspection(path: path, files: disk, verifies: true))
        #expect(object["sound"] as? Bool == true && object["verified"] as? Bool == true)
        #expect(object["pipeline"] as? String == "payments")
        #expect(object["order_position"] as? Int == 77)
        #expect((object["partitions"] as? [[String: Any]])?.compactMap { $0["offset"] as? Int } == [50, 50])
        #expect((object["entities"] as? [[String: Any]])?.compactMap { $0["keys"] as? Int } == [31, 11])
        #expect((object["incomplete"] as? [Any])?.isEmpty == true)
    }

    @Test func whatIsNotWholeIsShown() throws {
        let disk = MemoryDisk()
        var header = KeyedState(events: 10).header()
        header.entities = []
        header.incomplete = IncompleteState(
            features: [
                IncompleteState.Feature(name: "customer_sum", wholeFrom: 1_700_000_000_000_000),
                IncompleteState.Feature(name: "model trees", wholeFrom: .max),
            ], logFrom: 5)
        _ = try SnapshotStore(disk).begin(header).finish()
        let found = SnapshotInspection(path: disk.paths[0], files: disk, verifies: true)
        #expect(
            found.text.contains(
                """
                  incomplete customer_sum, whole from 2023-11-14T22:13:20Z on
                  incomplete model trees, for ever
                  file
                """))
        let features = try #require(try object(found)["incomplete"] as? [[String: Any]])
        #expect(features.compactMap { $0["feature"] as? String } == ["customer_sum", "model trees"])
        #expect(features[0]["whole_from"] as? String == "2023-11-14T22:13:20Z" && features[1]["whole_from"] is NSNull)
    }

    /// Only `verify` reads everything.
    @Test func damageIsFoundByVerifying() throws {
        let (disk, path) = try sample()
        var bytes = try #require(disk.bytes(at: path))
        bytes[bytes.count / 2] ^= 1
        disk.put(bytes, at: path)
        #expect(SnapshotInspection(path: path, files: disk, verifies: false).isSound)
        let found = SnapshotInspection(path: path, files: disk, verifies: true)
        #expect(!found.isSound)
        #expect(found.text.contains("not sound\n  fault      damaged: it is damaged: shard"))
        #expect(try (object(found)["faults"] as? [[String: Any]])?.first?["name"] as? String == "damaged")
    }

    @Test func whatIsNoSnapshotIsSaid() throws {
        let disk = MemoryDisk()
        disk.put(Array("hello, this is a text and no snapshot".utf8), at: "/state/a \"b\"\n")
        let found = SnapshotInspection(path: "/state/a \"b\"\n", files: disk, verifies: true)
        #expect(found.manifest == nil && !found.isSound)
        #expect(try object(found)["path"] as? String == "/state/a \"b\"\n")
        let missing = SnapshotInspection(path: "/state/none", files: disk, verifies: true)
        #expect(
            missing.text
                == "/state/none: not sound\n  fault      unreadable: /state/none: cannot be opened: it is not there")
    }

    /// Headers with any numbers can be shown.
    @Test func absurdTimesAreShownAsNone() throws {
        let disk = MemoryDisk()
        var header = KeyedState(events: 10).header()
        header.createdMilliseconds = .max
        header.watermark = .min
        header.orderPosition = -1
        header.entities = []
        _ = try SnapshotStore(disk).begin(header).finish()
        let found = SnapshotInspection(path: disk.paths[0], files: disk, verifies: true)
        #expect(found.text.contains("written -\n  watermark  none, 5 late\n  order      not recorded\n"))
        #expect(try object(found)["created"] is NSNull)
    }
}
