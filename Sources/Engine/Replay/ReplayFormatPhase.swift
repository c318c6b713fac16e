import Workers

/// Writes scored rows as text, a task a slice, into arenas of their own.
final class ReplayFormatPhase: ParallelPhase {
    private let writer: ReplayRowWriter
    /// One a slice.
    let outputs: [SliceOutput]
    var context: BatchContext?

    init(writer: ReplayRowWriter, outputs: [SliceOutput]) {
        self.writer = writer
        self.outputs = outputs
    }

    func perform(task: Int, worker: Int) {
        guard let context else { preconditionFailure("a phase without a batch") }
        let output = outputs[task]
        output.arena.removeAll()
        writer.write(context, rows: context.rows(ofSlice: task), into: &output.arena)
    }
}
