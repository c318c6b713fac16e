/// In a file: two lists and two counts, checked when they are read.
extension CalibrationMap: Codable {
    private enum Member: String, CodingKey {
        case scores, probabilities, positives, events
    }

    /// - Throws: `DecodingError`, also where the values are not those of a calibration.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        do {
            try self.init(
                reading: members.decode([Double].self, forKey: .scores),
                probabilities: members.decode([Double].self, forKey: .probabilities),
                positives: members.decode(Int.self, forKey: .positives),
                events: members.decode(Int.self, forKey: .events))
        } catch let fault as ReferenceFault {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: fault.description))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        try members.encode(scores, forKey: .scores)
        try members.encode(probabilities, forKey: .probabilities)
        try members.encode(positives, forKey: .positives)
        try members.encode(events, forKey: .events)
    }
}
