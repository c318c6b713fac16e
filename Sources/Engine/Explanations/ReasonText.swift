import Events
import Features

/// Writes reasons as they stand in score records, without allocating: names and texts are made once.
struct ReasonText: Sendable {
    /// `{"feature":"amount","value":` for each input of the model, then what ends its reason.
    private let texts: TextTable
    private let inputCount: Int
    /// The most that the reasons of one record take.
    let bytesMax: Int

    private static let contribution: StaticString = ",\"contribution\":"

    /// - Parameters:
    ///   - inputs: the model's.
    ///   - names: of all features.
    init(_ plan: ExplanationPlan, inputs: [FeatureIndex], names: [String]) {
        let leads = inputs.map { input in
            Array("{\"feature\":\(ScoreEncoder.quoted(names[input.rawValue])),\"value\":".utf8)
        }
        let ends = inputs.map { input in
            Array(((plan.texts[input].map { ",\"text\":\(ScoreEncoder.quoted($0))" } ?? "") + "}").utf8)
        }
        texts = TextTable(leads + ends)
        inputCount = inputs.count
        let each = zip(leads, ends).map { $0.count + $1.count }.max() ?? 0
        let numbers = 2 * NumberText.bytesMax + Self.contribution.utf8CodeUnitCount
        bytesMax = 2 + min(plan.reasonsMax, inputCount) * (each + numbers + 1)
    }

    /// One reason, with a comma before it unless it is the first.
    @inline(__always)
    func write(
        _ input: Int, value: Double, contribution: Double, isFirst: Bool, to out: inout UnsafeMutablePointer<UInt8>
    ) {
        if !isFirst { Self.append(",", to: &out) }
        texts.append(input, to: &out)
        if !NumberText.writeSmallCount(value, to: &out) {
            if value.isFinite { out += NumberText.write(value, to: out) } else { Self.append("null", to: &out) }
        }
        Self.append(Self.contribution, to: &out)
        out += NumberText.write(Float(contribution), to: out)
        texts.append(inputCount &+ input, to: &out)
    }

    @inline(__always)
    static func append(_ text: StaticString, to out: inout UnsafeMutablePointer<UInt8>) {
        out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        out += text.utf8CodeUnitCount
    }
}
