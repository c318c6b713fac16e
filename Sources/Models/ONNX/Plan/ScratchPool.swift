import Synchronization

/// Scratch memory for calls from any number of threads: what a call gave back, the next one takes. Nothing waits, and
/// nothing is allocated once there are as many buffers as calls at a time.
// SAFETY: the slots are atomic, made before `init` returns and freed when the last owner goes; a buffer that is taken
// from a slot is its taker's alone until it is given back.
final class ScratchPool: @unchecked Sendable {
    private static let slotCount = 16

    /// Numbers in one buffer.
    let count: Int
    /// The address of a buffer that nobody uses, or 0.
    private let slots: UnsafeMutablePointer<Atomic<UInt>>

    /// Buffers of `count` numbers.
    init(count: Int) {
        self.count = max(1, count)
        slots = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: Self.slotCount)
        for slot in 0..<Self.slotCount { (slots + slot).initialize(to: Atomic<UInt>(0)) }
    }

    deinit {
        for slot in 0..<Self.slotCount { free(slots[slot].load(ordering: .acquiring)) }
        slots.deinitialize(count: Self.slotCount)
        slots.deallocate()
    }

    func take() -> UnsafeMutablePointer<Double> {
        for slot in 0..<Self.slotCount where slots[slot].load(ordering: .relaxed) != 0 {
            let address = slots[slot].exchange(0, ordering: .acquiring)
            if let buffer = UnsafeMutablePointer<Double>(bitPattern: address) { return buffer }
        }
        let buffer = UnsafeMutablePointer<Double>.allocate(capacity: count)
        buffer.initialize(repeating: 0, count: count)
        return buffer
    }

    func giveBack(_ buffer: UnsafeMutablePointer<Double>) {
        let address = UInt(bitPattern: buffer)
        for slot in 0..<Self.slotCount where slots[slot].load(ordering: .relaxed) == 0 {
            if slots[slot].compareExchange(expected: 0, desired: address, ordering: .releasing).exchanged { return }
        }
        free(address)
    }

    private func free(_ address: UInt) {
        UnsafeMutablePointer<Double>(bitPattern: address)?.deallocate()
    }
}
