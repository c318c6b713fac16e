public import Events

/// Looking at what windows held for an event; nothing of it changes the state.
extension FeatureEngine {
    /// The windows of the row that was taken last, in the order of entities and of their windows.
    ///
    /// Call it between batches, on the thread that runs them, when the row was the last of its batch: the cursors of its
    /// keys then stand where its features were read. The row has to be one that asks for features.
    ///
    /// - Parameter shownMax: so many events of each window are handed out, the newest; all are counted.
    /// Complexity: O(windows · shown); for a row that was late or out of order O(events of its keys).
    public func windows(
        ofRow row: Int, _ batch: EventBatch, _ frame: FeatureFrame, shownMax: Int
    ) -> [WindowContent] {
        plan.entities.indices.flatMap { index in
            let reader = WindowReader(
                entity: index, plan: plan.entities[index], layout: layouts[index], row: row, batch: batch,
                values: frame.values[index] + row * layouts[index].valueStride, watermark: frame.watermarks[row],
                shownMax: shownMax)
            return withKey(ofRow: row, batch, entity: index) { key in
                guard let key else { return reader.read(nil, nil, hasKey: false) }
                let place = Int(Self.shard(KeyHash.fixed(key.bytes, count: key.count), UInt64(limits.shardCount)))
                let shard = shards[index][place]
                let record = shard.find(key, hash: tableHash(key.bytes, count: key.count))
                return reader.read(shard, record, hasKey: true)
            }
        }
    }

    private func withKey<Result>(
        ofRow row: Int, _ batch: EventBatch, entity: Int, _ body: (ProbedKey?) -> Result
    ) -> Result {
        let field = plan.entities[entity].queryKeyField
        guard batch.presence[field.rawValue][row] == Presence.present else { return body(nil) }
        if case .string = batch.schema.fields[field.rawValue].type {
            let bytes = batch.string(field, row: row)
            guard let start = bytes.baseAddress else { return body(nil) }
            return body(ProbedKey(bytes: start, count: bytes.count))
        }
        return body(ProbedKey(bytes: batch.words[field.rawValue] + row, count: 8))
    }
}

/// Reads the windows of one key as they stood for one row.
private struct WindowReader {
    let entity: Int
    let plan: EntityPlan
    let layout: RecordLayout
    /// The row's time and the words that it leaves in the windows, if it enters them.
    let time: Int64
    let enters: Bool
    let values: UnsafePointer<Int64>
    let watermark: Int64
    let shownMax: Int
    /// The value columns that the ring holds.
    private let remembered: Set<Int>

    init(
        entity: Int, plan: EntityPlan, layout: RecordLayout, row: Int, batch: EventBatch,
        values: UnsafePointer<Int64>, watermark: Int64, shownMax: Int
    ) {
        self.entity = entity
        self.plan = plan
        self.layout = layout
        time = batch.eventTimes[row]
        enters = Int(batch.sources[row]) == plan.source
        self.values = values
        self.watermark = watermark
        self.shownMax = max(0, shownMax)
        remembered = Set(plan.exactPart.columns)
    }

    /// - Parameter record: `nil`: nothing is known of the key.
    func read(_ shard: EntityShard?, _ record: UnsafeMutableRawPointer?, hasKey: Bool) -> [WindowContent] {
        guard let shard, let record else {
            return plan.windows.indices.map { content($0, form: emptyForm(plan.windows[$0]), hasKey: hasKey) }
        }
        // A row that is late, or older than the newest of its key, was read from a copy whose cursors were put back.
        let copy = UnsafeMutableRawPointer.allocate(byteCount: layout.recordBytes, alignment: 64)
        defer { copy.deallocate() }
        let view = view(shard.kernel, record, copy)
        return plan.windows.indices.map { index in
            let window = plan.windows[index]
            if window.isTiled { return tiles(index, shard, record) }
            if window.isUnbounded { return content(index, form: .everything, hasKey: true) }
            return content(index, form: events(of: window, in: view, shard.kernel), hasKey: true)
        }
    }

    /// Where the cursors of the row stand; `nil`: it saw nothing but itself.
    private func view(
        _ kernel: WindowKernel, _ record: UnsafeMutableRawPointer, _ copy: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer? {
        if !layout.hasRing || time <= watermark - kernel.horizon { return nil }
        let newest = record.assumingMemoryBound(to: KeyRecord.self).pointee.newestTime
        if time >= newest && time >= watermark - kernel.late { return record }
        kernel.place(copy, of: record, at: time, forgotten: watermark - kernel.horizon)
        return copy
    }

    private func events(
        of window: WindowPlan, in view: UnsafeMutableRawPointer?, _ kernel: WindowKernel
    ) -> WindowContent.Form {
        guard let view else {
            let isAlone = enters && window.delayMicroseconds == 0 && window.includesCurrent
            return .events(count: isAlone ? 1 : 0, shown: isAlone && shownMax > 0 ? [current] : [])
        }
        let head = view.assumingMemoryBound(to: KeyRecord.self)
        let start = cursor(window.reachMicroseconds, view)
        var end = cursor(window.delayMicroseconds, view)
        var current: UInt32?
        if enters, window.delayMicroseconds == 0, end != start,
            kernel.entry(head.pointee.ring, head.pointee.ringMask, end &- 1)[0] == time
        {
            // It stands behind those of its time.
            if window.includesCurrent { current = end &- 1 } else { end &-= 1 }
        }
        let count = Int(end &- start)
        let shown = (0..<min(count, shownMax)).reversed().map { back in
            let position = end &- 1 &- UInt32(back)
            let entry = UnsafePointer(kernel.entry(head.pointee.ring, head.pointee.ringMask, position))
            return WindowEvent(time: entry[0], isCurrent: position == current, values: values(entry + 1))
        }
        return .events(count: count, shown: shown)
    }

    private func cursor(_ span: Int64, _ view: UnsafeMutableRawPointer) -> UInt32 {
        guard let edge = layout.edges.first(where: { $0.span == span }) else {
            preconditionFailure("no edge of \(span) microseconds")
        }
        return WindowKernel.cursor(view, edge.cursorOffset).pointee
    }

    private var current: WindowEvent { WindowEvent(time: time, isCurrent: true, values: values(values)) }

    private func values(_ words: UnsafePointer<Int64>) -> [WindowValue] {
        plan.valueColumns.indices.map { index in
            let column = layout.columns[index]
            guard remembered.contains(index), column.isPresent(values: words) else { return .missing }
            switch column.shape {
            case .hash: return .hash(UInt64(bitPattern: words[column.valueWord]))
            case .always: return .number(1)
            default: return .number(column.number(words[column.valueWord]))
            }
        }
    }

    private func tiles(_ index: Int, _ shard: EntityShard, _ record: UnsafeMutableRawPointer) -> WindowContent {
        let window = plan.windows[index]
        let place = shard.tiles.indices.first { layout.tiles[$0].plan.window.coversTimes(of: window) }
        guard let place else { preconditionFailure("no tiles of window \(index)") }
        let kernel = shard.tiles[place].kernel
        let state = record + shard.tiles[place].offset
        let head = kernel.head(state).pointee
        // What a late row no longer sees.
        let first = max(kernel.startNumber(time), kernel.keptNumber(watermark))
        let end = kernel.endNumber(time)
        var count = 0
        var position = head.head
        while position != head.tail {
            let number = kernel.number(state, position)
            if number >= first && number < end { count += 1 }
            position &+= 1
        }
        return WindowContent(
            entity: entity, window: index, after: first * kernel.width - 1, upTo: min(end * kernel.width - 1, time),
            form: .tiles(count: count, widthMicroseconds: kernel.width), hasKey: true)
    }

    private func emptyForm(_ window: WindowPlan) -> WindowContent.Form {
        if window.isTiled { return .tiles(count: 0, widthMicroseconds: window.tileMicroseconds) }
        return window.isUnbounded ? .everything : .events(count: 0, shown: [])
    }

    private func content(_ index: Int, form: WindowContent.Form, hasKey: Bool) -> WindowContent {
        let window = plan.windows[index]
        return WindowContent(
            entity: entity, window: index, after: window.isUnbounded ? .min : time - window.reachMicroseconds,
            upTo: time - window.delayMicroseconds, form: form, hasKey: hasKey)
    }
}
