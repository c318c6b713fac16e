public import Events

/// What is computed of each row by itself: hashes of keys, and values.
extension FeatureEngine {
    // Loops over plans go by index: iterators over arrays of structures allocate in builds that are not optimised, and
    // the test that a warm event allocates nothing holds there, too.

    /// Hashes keys and computes what windows will remember, for a range of rows.
    public func prepare(_ batch: EventBatch, _ frame: FeatureFrame, rows: Range<Int>, scratch: ExpressionScratch) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= frame.capacity, "rows \(rows) of \(frame.capacity)")
        for index in plan.entities.indices {
            hashKeys(batch, frame, entity: index, rows: rows)
            for column in plan.entities[index].valueColumns.indices {
                let place = frame.values[index] + layouts[index].valueWords[column]
                let target = ColumnTarget(words: place, stride: layouts[index].valueStride, rows: rows)
                if plan.entities[index].valueColumns[column].filter == nil {
                    prepare(plan.entities[index].valueColumns[column].content, batch, target, scratch)
                } else {
                    prepareFiltered(plan.entities[index].valueColumns[column], batch, frame, target, scratch)
                }
            }
        }
    }

    /// Where the values of a column go, and for which rows.
    private struct ColumnTarget {
        let words: UnsafeMutablePointer<Int64>
        let stride: Int
        let rows: Range<Int>
    }

    private func prepare(
        _ content: ValueColumnPlan.Content, _ batch: EventBatch, _ target: ColumnTarget, _ scratch: ExpressionScratch
    ) {
        let (words, stride) = (target.words, target.stride)
        switch content {
        case .integers(let field, _, let mayBeMissing):
            if mayBeMissing {
                prepareOptional(field, batch, target)
            } else {
                let source = batch.words[field.rawValue]
                for row in target.rows { words[row &* stride] = source[row] }
            }
        case .doubles(let expression):
            words.withMemoryRebound(to: Double.self, capacity: target.rows.upperBound &* stride) { output in
                expression.evaluate(
                    ExpressionInputs(batch: batch), rows: target.rows, scratch: scratch,
                    into: output + target.rows.lowerBound &* stride, outputStride: stride)
            }
        case .hashes(let field, _):
            let presence = batch.presence[field.rawValue]
            for row in target.rows {
                words[row &* stride] = presence[row] == Presence.present ? textHash(batch, field, row) : 0
            }
        case .ones: for row in target.rows { words[row &* stride] = 1 }
        }
    }

    private func prepareOptional(_ field: FieldIndex, _ batch: EventBatch, _ target: ColumnTarget) {
        let presence = batch.presence[field.rawValue]
        let source = batch.words[field.rawValue]
        for row in target.rows {
            let isPresent = presence[row] == Presence.present
            target.words[row &* target.stride] = isPresent ? source[row] : 0
            target.words[row &* target.stride &+ 1] = isPresent ? 1 : 0
        }
    }

    /// The same for all time and on all machines; 0 stands for a missing text.
    private func textHash(_ batch: EventBatch, _ field: FieldIndex, _ row: Int) -> Int64 {
        if batch.faults[row].code != .none { return 0 }
        let bytes = batch.string(field, row: row)
        guard let start = bytes.baseAddress else { return 0 }
        return Int64(bitPattern: max(1, KeyHash.fixed(UnsafeRawPointer(start), count: bytes.count)))
    }

    /// The values of a column, then without those whose filter is not true.
    private func prepareFiltered(
        _ column: ValueColumnPlan, _ batch: EventBatch, _ frame: FeatureFrame, _ target: ColumnTarget,
        _ scratch: ExpressionScratch
    ) {
        guard let filter = column.filter else { return }
        if case .integers(let field, _, _) = column.content {
            prepareOptional(field, batch, target)
        } else {
            prepare(column.content, batch, target, scratch)
        }
        let passes = frame.filters
        filter.evaluate(
            ExpressionInputs(batch: batch), rows: target.rows, scratch: scratch, into: passes + target.rows.lowerBound)
        var missing: Int64 = 0
        if case .doubles = column.content { missing = Int64(bitPattern: Double.nan.bitPattern) }
        var isPair = false
        if case .integers = column.content { isPair = true }
        for row in target.rows where passes[row] != 1 {
            target.words[row &* target.stride] = missing
            if isPair { target.words[row &* target.stride &+ 1] = 0 }
        }
    }

    /// Both hashes of each row's key: of the one under which it enters, or of the one that it asks for.
    private func hashKeys(_ batch: EventBatch, _ frame: FeatureFrame, entity: Int, rows: Range<Int>) {
        let keyField = plan.entities[entity].keyField
        let source = plan.entities[entity].source
        if source == 0 {
            hashKeys(batch, frame, entity: entity, rows: rows, keyField, of: hasSeveralSources ? 0 : nil)
        } else {
            hashKeys(batch, frame, entity: entity, rows: rows, keyField, of: source)
            hashKeys(batch, frame, entity: entity, rows: rows, plan.entities[entity].queryKeyField, of: 0)
        }
    }

    /// The hashes of one field of the rows of one source, or of all; rows without a key get some, or keep theirs.
    private func hashKeys(
        _ batch: EventBatch, _ frame: FeatureFrame, entity: Int, rows: Range<Int>, _ field: FieldIndex, of source: Int?
    ) {
        let shardCount = UInt64(limits.shardCount)
        let shards = frame.shards[entity]
        let hashes = frame.hashes[entity]
        let words = batch.words[field.rawValue]
        if case .string = batch.schema.fields[field.rawValue].type {
            let presence = batch.presence[field.rawValue]
            for row in rows {
                if let source, Int(batch.sources[row]) != source { continue }
                if batch.faults[row].code != .none || presence[row] != Presence.present { continue }
                let bytes = batch.string(field, row: row)
                guard let start = bytes.baseAddress else { continue }
                shards[row] = Self.shard(KeyHash.fixed(UnsafeRawPointer(start), count: bytes.count), shardCount)
                hashes[row] = tableHash(UnsafeRawPointer(start), count: bytes.count)
            }
        } else {
            for row in rows {
                if let source, Int(batch.sources[row]) != source { continue }
                shards[row] = Self.shard(KeyHash.fixed(UnsafeRawPointer(words + row), count: 8), shardCount)
                hashes[row] = tableHash(UnsafeRawPointer(words + row), count: 8)
            }
        }
    }
}
