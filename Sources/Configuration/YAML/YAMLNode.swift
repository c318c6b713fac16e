import Diagnostics

/// A node of a YAML document with its place, free of what pipeline files may not hold (aliases, tags, duplicate keys).
struct YAMLNode {
    indirect enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
        /// Something that was already reported: readers pass over it in silence.
        case refused
    }

    var content: Content
    /// A scalar's extent on its first line; of a list or mapping the first character.
    var range: SourceRange

    var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .refused: "nothing"
        }
    }
}

/// One `key: value` of a mapping.
struct YAMLEntry {
    var key: Located<String>
    var value: YAMLNode
}

/// A scalar before `${NAME}` is expanded.
struct YAMLScalar {
    /// What YAML made of it: quotes and escapes are gone, lines are folded.
    var text: String
    var isPlain: Bool
    var places: TextPlaces

    /// Whether it stands for "no value": nothing at all, `~` or `null`, unquoted.
    var isNull: Bool { isPlain && (text.isEmpty || text == "~" || text == "null") }
}
