/// What bodies hold, as JSON Schema.
enum Schemas {
    private static let text: JSONContent = ["type": "string"]
    private static let count: JSONContent = ["type": "integer", "minimum": 0]

    static let problem: JSONContent = [
        "type": "object", "required": ["type", "status", "code", "detail"],
        "properties": [
            "type": text, "status": ["type": "integer"],
            "code": ["type": "string", "description": "Stable: for programs."],
            "detail": ["type": "string", "description": "For people."],
        ],
    ]

    static let alive: JSONContent = [
        "type": "object", "required": ["alive"], "properties": ["alive": ["const": true]],
    ]

    static let readiness: JSONContent = [
        "type": "object", "required": ["ready", "reasons"],
        "properties": [
            "ready": ["type": "boolean"],
            "reasons": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["code", "text"], "properties": ["code": text, "text": text],
                ],
            ],
        ],
    ]

    static let pipeline: JSONContent = [
        "type": "object",
        "required": ["pipeline", "plan", "delivery", "group", "sources", "features", "models", "decisions", "output"],
        "properties": [
            "pipeline": text,
            "plan": [
                "type": "string", "description": "The hash of all that decides a score; `riffle-plan` in records.",
            ],
            "version": ["type": "string", "description": "Of the models together, as records have it."],
            "delivery": ["enum": ["at-least-once", "exactly-once"]], "group": text,
            "sources": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["name", "topic"], "properties": ["name": text, "topic": text],
                ],
            ],
            "entities": ["type": "array", "items": text], "features": ["type": "array", "items": text],
            "models": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["name", "version"],
                    "properties": ["name": text, "version": text],
                ],
            ],
            "decisions": ["type": "array", "items": text],
            "output": [
                "type": "object", "required": ["scores", "dead_letters"],
                "properties": ["scores": text, "dead_letters": text],
            ],
        ],
    ]

    /// Of the document: a pipeline's own says more of it.
    static let event: JSONContent = ["$ref": "#/components/schemas/Event"]

    static let anyEvent: JSONContent = [
        "type": "object",
        "description": "An event as a producer would send it, with the fields of the pipeline's scored source.",
    ]

    static let score: JSONContent = [
        "type": "object",
        "description": "A score record, as on the output topic; see docs/PIPELINE.md.",
        "required": ["pipeline", "event_time"],
        "properties": ["pipeline": text, "event_time": text, "score": ["type": ["number", "null"]]],
    ]

    private static let values: JSONContent = [
        "type": "object", "additionalProperties": ["type": ["number", "null"]],
    ]

    static let explanation: JSONContent = [
        "type": "object", "required": ["record", "features"],
        "properties": ["record": score, "features": values, "note": text],
    ]

    static let features: JSONContent = [
        "type": "object", "required": ["entity", "key", "features"],
        "properties": ["entity": text, "key": text, "watermark": ["type": ["string", "null"]], "features": values],
    ]
}
