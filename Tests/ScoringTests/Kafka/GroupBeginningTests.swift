import Kafka
import Testing

@testable import Scoring

/// Which partitions without an offset belong to a group that begins, and which were added to their topic.
struct GroupBeginningTests {
    private static func beginning(_ notes: [String], of count: Int) -> GroupBeginning {
        GroupBeginning(committed: notes.map { CommittedOffset(offset: 7, metadata: $0) }, partitionCount: count)
    }

    @Test func aNewGroupBeginsAsItIsTold() {
        let new = Self.beginning([], of: 4)
        #expect(!new.wasAdded(0) && !new.wasAdded(3))
        #expect(new.note(of: 3) == "riffle-start 4")
    }

    /// Instances of a new group are assigned at the same time, and one of them commits first.
    @Test(arguments: [["riffle-start 4"], ["riffle-start 4", "riffle-1 1700000000"]])
    func whatBeganTogetherIsNotAdded(notes: [String]) {
        let other = Self.beginning(notes, of: 4)
        #expect((0..<4).allSatisfy { !other.wasAdded($0) && other.note(of: $0) == "riffle-start 4" })
    }

    /// Also where nothing has come since the group began, and where two are added at once.
    @Test func whatCameLaterIsAdded() {
        let idle = Self.beginning(["riffle-start 4", "riffle-start 4", "riffle-start 4"], of: 6)
        #expect(!idle.wasAdded(3) && idle.wasAdded(4) && idle.wasAdded(5))
        #expect(idle.note(of: 4) == "")
        let besideAnother = Self.beginning(["riffle-start 4", idle.note(of: 4)], of: 6)
        #expect(besideAnother.wasAdded(5))
        for notes in [["riffle-1 1700000000"], [""], ["another tool's", "riffle-start x", "riffle-start 4 5"]] {
            #expect(Self.beginning(notes, of: 2).wasAdded(1), "\(notes)")
        }
    }
}
