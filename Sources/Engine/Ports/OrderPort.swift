/// The recorded order, as it is read back while state is rebuilt.
public protocol OrderPort: AnyObject {
    /// Begins to read from an offset, or from the first that is still there, up to the end as it is now.
    ///
    /// - Returns: where it begins and the end.
    func open(from offset: Int64) throws -> Range<Int64>
    /// The next record's offset and value; `nil`: the end is reached. Blocks until either is known.
    func next() throws -> (offset: Int64, value: [UInt8])?
}
