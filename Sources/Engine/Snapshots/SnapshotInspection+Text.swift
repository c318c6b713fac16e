import Events

extension SnapshotInspection {
    /// Lines for people, without a newline at the end.
    public var text: String {
        var lines = ["\(path): \(verdict)"]
        lines += faults.map { "  fault      \($0.name): \($0)" }
        guard let manifest else { return lines.joined(separator: "\n") }
        let header = manifest.header
        lines += [
            "  pipeline   \(header.pipeline), state plan \(header.statePlanHash), format \(manifest.formatVersion)",
            "  sequence   \(header.sequence), written \(Self.time(milliseconds: header.createdMilliseconds) ?? "-")",
            "  watermark  \(Self.time(header.watermark) ?? "none"), \(header.lateCount) late",
            "  order      \(header.orderPosition < 0 ? "not recorded" : "from offset \(header.orderPosition)")",
        ]
        for (lane, highest) in zip(header.lanes, manifest.highestPositions) {
            lines.append(
                "  partition  \(lane.topic)/\(lane.partition) from offset \(lane.offset)"
                    + (highest > lane.offset ? ", the last shard at \(highest)" : ""))
        }
        for entity in entities {
            lines.append(
                "  entity     \(entity.name): \(entity.keys) keys, \(entity.events) events, \(entity.bytes) bytes"
                    + " in \(header.shardCount) shards")
        }
        for feature in header.incomplete?.features ?? [] {
            lines.append(
                "  incomplete \(feature.name), \(Self.time(feature.wholeFrom).map { "whole from \($0) on" } ?? "for ever")"
            )
        }
        lines.append("  file       \(manifest.fileByteCount) bytes")
        return lines.joined(separator: "\n")
    }

    private var verdict: String {
        if !isSound { return "not sound" }
        return isVerified ? "sound, every byte verified" : "sound as far as was read"
    }

    /// One JSON object on one line, for scripts; times are ISO 8601 or `null`.
    public var json: String {
        var members = [
            ("path", Self.quoted(path)), ("sound", "\(isSound)"), ("verified", "\(isVerified)"),
            ("faults", Self.array(faults.map { [("name", Self.quoted($0.name)), ("message", Self.quoted("\($0)"))] })),
        ]
        if let manifest {
            let header = manifest.header
            let lanes = zip(header.lanes, manifest.highestPositions).map { lane, highest in
                [
                    ("topic", Self.quoted(lane.topic)), ("partition", "\(lane.partition)"),
                    ("offset", "\(lane.offset)"),
                    ("highest_offset", "\(highest)"), ("highest_time", Self.quoted(Self.time(lane.highestTime))),
                ]
            }
            members += [
                ("format", "\(manifest.formatVersion)"), ("pipeline", Self.quoted(header.pipeline)),
                ("state_plan", Self.quoted(header.statePlanHash)), ("sequence", "\(header.sequence)"),
                ("created", Self.quoted(Self.time(milliseconds: header.createdMilliseconds))),
                ("watermark", Self.quoted(Self.time(header.watermark))), ("late", "\(header.lateCount)"),
                ("order_position", header.orderPosition < 0 ? "null" : "\(header.orderPosition)"),
                ("bytes", "\(manifest.fileByteCount)"), ("shards", "\(header.shardCount)"),
                ("partitions", Self.array(lanes)),
                (
                    "entities",
                    Self.array(
                        entities.map { entity in
                            [
                                ("name", Self.quoted(entity.name)), ("keys", "\(entity.keys)"),
                                ("events", "\(entity.events)"), ("bytes", "\(entity.bytes)"),
                            ]
                        })
                ),
                (
                    "incomplete",
                    Self.array(
                        (header.incomplete?.features ?? []).map { feature in
                            [
                                ("feature", Self.quoted(feature.name)),
                                ("whole_from", Self.quoted(Self.time(feature.wholeFrom))),
                            ]
                        })
                ),
            ]
        }
        return Self.object(members)
    }

    private typealias Members = [(String, String)]

    private static func object(_ members: Members) -> String {
        "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func array(_ objects: [Members]) -> String {
        "[" + objects.map { object($0) }.joined(separator: ",") + "]"
    }

    private static func quoted(_ text: String?) -> String {
        guard let text else { return "null" }
        let bytes = Array(text.utf8)
        return String(unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target in
            guard let start = target.baseAddress else { return 0 }
            return bytes.withUnsafeBufferPointer { JSONText.writeString($0, to: start) }
        }
    }

    /// `nil` where there is none yet, or none that a calendar knows.
    private static func time(_ microseconds: Int64) -> String? {
        let time = EventTime(microseconds: microseconds)
        return time < .minimum || time > .maximum ? nil : TimeText.string(time)
    }

    private static func time(milliseconds: Int64) -> String? {
        let (microseconds, overflows) = milliseconds.multipliedReportingOverflow(by: 1_000)
        return overflows ? nil : time(microseconds)
    }
}
