/// An array that is filled once and then only read, by a plain pointer: a kernel's loop has no bounds checks, no
/// retains and no exclusivity checks in it.
// SAFETY: the elements are plain values, written before `init` returns and freed when the last owner goes; everything
// that reads `start` is a method of an owner.
final class FrozenArray<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
    let start: UnsafePointer<Element>
    let count: Int
    private let storage: UnsafeMutablePointer<Element>

    init(_ elements: [Element]) {
        let storage = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        elements.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { storage.initialize(from: base, count: source.count) }
        }
        self.storage = storage
        start = UnsafePointer(storage)
        count = elements.count
    }

    var byteCount: Int { max(1, count) * MemoryLayout<Element>.stride }

    deinit { storage.deallocate() }
}
