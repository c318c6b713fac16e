import Workers

/// Writes scored rows as text, a task a slice, into the slices' arenas.
final class ReplayFormatPhase: ParallelPhase {
    private let writer: ReplayRowWriter
    var context: BatchContext?

    init(writer: ReplayRowWriter) { self.writer = writer }

    func perform(task: Int, worker: Int) {
        guard let context else { preconditionFailure("a phase without a batch") }
        let output = context.slices[task]
        output.arena.removeAll()
        writer.write(context, rows: context.rows(ofSlice: task), into: &output.arena)
    }
}
