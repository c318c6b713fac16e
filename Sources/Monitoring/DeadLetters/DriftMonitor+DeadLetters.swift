extension DriftMonitor {
    /// Decides what lanes of scores and of dead letters are past.
    func takeDeadLetters(_ letters: DeadLetterFlow, isOver: Bool) {
        while let bucket = isOver ? letters.last() : letters.next(scoresUntil: scoreWatermark) {
            let start = bucket.number * plan.settings.bucketMicroseconds
            turnWindow(\.refused, at: start)
            refused.window.rows += bucket.scores + bucket.letters
            refused.closedUntil = start + plan.settings.bucketMicroseconds
            for index in refused.series {
                addCalmRows(bucket.scores + bucket.letters, to: index)
                take([bucket.scores, bucket.letters], of: index, start: start)
            }
            decide(refused, at: refused.closedUntil)
        }
    }
}
