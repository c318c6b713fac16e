/// An entity's windows by how they are kept: those that remember events one by one, or know what has been since the
/// beginning, and those of tiles.
extension EntityPlan {
    /// The plan without its tiled windows, and without the columns that only these read.
    struct ExactPart {
        let plan: EntityPlan
        /// Of each of its columns, the place in the whole plan.
        let columns: [Int]
    }

    var hasTiles: Bool { windows.contains(where: \.isTiled) }

    var exactPart: ExactPart {
        if !hasTiles { return ExactPart(plan: self, columns: Array(valueColumns.indices)) }
        let kept = windows.indices.filter { !windows[$0].isTiled }
        let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        let asked = aggregates.filter { !windows[$0.window].isTiled }
        let columns = Set(asked.compactMap(\.valueColumn)).sorted()
        let plan = EntityPlan(
            source: source, keyField: keyField, queryKeyField: queryKeyField, windows: kept.map { windows[$0] },
            valueColumns: columns.map { valueColumns[$0] },
            aggregates: asked.map { aggregate in
                AggregatePlan(
                    function: aggregate.function, window: places[aggregate.window] ?? 0,
                    valueColumn: aggregate.valueColumn.flatMap(columns.firstIndex), parameter: aggregate.parameter,
                    defaultValue: aggregate.defaultValue, feature: aggregate.feature)
            }, lateMicroseconds: lateMicroseconds)
        return ExactPart(plan: plan, columns: columns)
    }

    /// The tiled windows, those over the same times as one, in the order in which aggregates first ask them.
    ///
    /// - Parameter columns: how the words of an event stand, by value column.
    func tiledWindows(_ columns: [ColumnLayout]) -> [TiledWindowPlan] {
        var found: [(window: WindowPlan, outputs: [TileOutput])] = []
        for aggregate in aggregates {
            let window = windows[aggregate.window]
            guard window.isTiled else { continue }
            let isBefore =
                window.delayMicroseconds == 0 && !window.includesCurrent || aggregate.function == .previous
                || aggregate.function == .timeSinceLast
            let output = TileOutput(
                function: aggregate.function, column: aggregate.valueColumn.map { columns[$0] } ?? .everyEvent,
                parameter: aggregate.parameter ?? .nan, defaultValue: aggregate.defaultValue ?? .nan,
                feature: aggregate.feature.rawValue, isBeforeEvent: isBefore)
            let place = found.firstIndex { $0.window.coversTimes(of: window) }
            if let place {
                found[place].outputs.append(output)
            } else {
                found.append((window, [output]))
            }
        }
        return found.map {
            TiledWindowPlan(window: $0.window, lateMicroseconds: lateMicroseconds, outputs: $0.outputs)
        }
    }
}

extension WindowPlan {
    /// Whether both are the same but for the event itself.
    func coversTimes(of other: WindowPlan) -> Bool {
        delayMicroseconds == other.delayMicroseconds && lengthMicroseconds == other.lengthMicroseconds
            && tileMicroseconds == other.tileMicroseconds
    }
}

extension EntityPlan {
    /// The same with every event remembered.
    public var exact: EntityPlan { with(tiles: { _ in 0 }) }

    /// The same with tiles in place of remembered events, in all windows that have a length; those that are tiled
    /// already keep their tiles.
    ///
    /// - Parameter hundredthsOfPercent: the width of a tile as a part of its window.
    /// - Returns: `nil` where a key could need more than `WindowPlan.tilesPerKeyMax`.
    public func tiled(hundredthsOfPercent: Int64) -> EntityPlan? {
        let plan = with { window in
            if window.isUnbounded || window.isTiled { return window.tileMicroseconds }
            return WindowPlan.tileMicroseconds(
                ofLength: window.lengthMicroseconds, hundredthsOfPercent: hundredthsOfPercent)
        }
        let isBounded = plan.windows.allSatisfy {
            !$0.isTiled || $0.tilesPerKey(lateMicroseconds: lateMicroseconds) <= WindowPlan.tilesPerKeyMax
        }
        return isBounded ? plan : nil
    }

    private func with(tiles: (WindowPlan) -> Int64) -> EntityPlan {
        EntityPlan(
            source: source, keyField: keyField, queryKeyField: queryKeyField,
            windows: windows.map { window in
                WindowPlan(
                    delayMicroseconds: window.delayMicroseconds, lengthMicroseconds: window.lengthMicroseconds,
                    includesCurrent: window.includesCurrent, tileMicroseconds: tiles(window))
            }, valueColumns: valueColumns, aggregates: aggregates, lateMicroseconds: lateMicroseconds)
    }
}
