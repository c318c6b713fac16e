public import Diagnostics
import Models

extension DiagnosticCatalogue {
    /// Why a model file may be refused.
    public static let models: [DiagnosticEntry] = ModelFailure.Code.allCases.map { code in
        let (meaning, remedy) = reference(of: code)
        return DiagnosticEntry(code.rawValue, meaning, remedy: remedy)
    }

    private static let saveAgain = "Save the model again with the library that trained it."

    private static func reference(of code: ModelFailure.Code) -> (meaning: String, remedy: String) {
        switch code {
        case .unknownFormat:
            (
                "The file is empty, or of no known kind.",
                "Save the model as XGBoost JSON or UBJSON, LightGBM text or ONNX."
            )
        case .unsupportedFormat:
            (
                "The file is of a known kind, or of an old form, that is not read.",
                "Save the model as XGBoost JSON or UBJSON with version 1.7 or newer, as LightGBM text, or as ONNX."
            )
        case .tooLarge: ("The file is larger than 1 GiB.", "Train fewer or shallower trees.")
        case .unsupportedConstruct:
            (
                "The booster, the objective or the kind of tree is not supported.",
                "Train with one that the message names."
            )
        case .badOutput:
            ("The model has several outputs and none of them is chosen, or one that it lacks.", "Set `model.output`.")
        case .badIteration: ("The rounds do not fit the trees.", "Set `iterations: all`, or save the model again.")
        case .tooManyNodes, .tooManyTrees, .tooManyFeatures, .tooManyOutputs, .treeTooDeep:
            limit(code)
        default: damage(code)
        }
    }

    private static func limit(_ code: ModelFailure.Code) -> (meaning: String, remedy: String) {
        switch code {
        case .tooManyNodes: ("The trees have more nodes than are accepted.", "Train fewer or shallower trees.")
        case .tooManyTrees: ("There are more trees than are accepted.", "Train fewer rounds.")
        case .tooManyFeatures: ("The model has more inputs than are accepted.", "Train on fewer features.")
        case .tooManyOutputs: ("The model has more outputs than are accepted.", "Train on fewer classes.")
        default: ("A tree is deeper than is accepted.", "Train with a lower `max_depth`.")
        }
    }

    /// What no library writes: the file was cut off or changed.
    private static func damage(_ code: ModelFailure.Code) -> (meaning: String, remedy: String) {
        let meaning =
            switch code {
            case .missingField: "A field is missing."
            case .wrongType: "A value has another type than its field."
            case .wrongLength: "Lists that describe the same things have different lengths."
            case .badNumber: "A number is misspelt, or outside of its field's bounds."
            case .childOutOfRange: "A node's child is no node of its tree."
            case .nodeReachedTwice: "A node has two parents or is its own ancestor."
            case .featureOutOfRange: "A node splits on an input that the model lacks."
            case .groupOutOfRange: "A tree belongs to an output that the model lacks."
            case .thresholdNotANumber: "A node's threshold is not a number."
            case .leafNotFinite: "A leaf's value is not finite."
            case .baseScoreOutOfRange: "The base score does not fit the objective."
            default: "The file is cut off, or not the JSON that it claims to be."
            }
        return (meaning, saveAgain)
    }
}
