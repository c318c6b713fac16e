/// What a format's reader makes of a file.
struct LoadedModel {
    let format: ModelFormat
    var predictor: any Predictor
    /// The library's own name for what was trained, as in the file; for a graph, what stands in its place.
    var objective: String
    /// The version of the library that wrote the file.
    var libraryVersion: String
    /// In input order; empty where the file has none.
    var featureNames: [String]
    /// Boosting rounds in the file, and how many of them score; 1 and 1 where there is no such thing.
    var roundCount = 1
    var roundsUsed = 1
    /// The output that is the score unless the pipeline names another; `nil`: it must name one if there are several.
    var standardOutput: Int?
    /// Of a tree ensemble in float32.
    var forest: Forest?
    /// What else whoever feeds the model has to know, a sentence each.
    var notes: [String] = []
}
