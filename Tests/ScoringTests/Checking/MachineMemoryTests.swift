import Foundation
import Testing

@testable import Scoring

@Test func aProcessMayTakeAPartOfTheMachinesMemory() {
    let machine = ProcessInfo.processInfo.physicalMemory
    #expect(MachineMemory.bytes > 0)
    #expect(UInt64(MachineMemory.bytes) <= machine)
}
