/// Answers between two batches, when workers rest and state stands still.
extension StreamEngine {
    /// So many in one go: the stream waits meanwhile.
    private static let answersInARow = 4

    func answerQuestions(_ questions: QuestionQueue) {
        for _ in 0..<Self.answersInARow {
            guard let pending = questions.next() else { return }
            pending.answer(answer(to: pending.question))
        }
    }

    private func answer(to question: StateQuestion) -> StateAnswer {
        if restoration != nil { return .busy("windows are being rebuilt") }
        if lanes.isEmpty { return .busy("no partitions are assigned") }
        let live = LiveState(
            pipeline: pipeline, models: models.models, watermark: watermark,
            wallMicroseconds: settings.snapshots.wallMilliseconds() * 1_000)
        return evaluation.answer(question, live)
    }
}

/// What an answer rests on: read, never written.
struct LiveState {
    let pipeline: ScoringPipeline
    let models: ModelSet
    let watermark: Watermark
    let wallMicroseconds: Int64
}
