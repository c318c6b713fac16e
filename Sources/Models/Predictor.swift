/// The numbers that a model computes in.
public enum Precision: Hashable, Sendable {
    /// float32, widened where it is handed on: XGBoost, ONNX.
    case single
    /// float64: LightGBM, isolation forests.
    case double
}

/// A model of whatever format, packed for scoring: immutable, shared by all workers.
///
/// Results are exact and do not depend on how rows are split into calls.
public protocol Predictor: AnyObject, Sendable {
    var featureCount: Int { get }
    /// Raw outputs (margins) a row: one for each class, target or group.
    var rawCount: Int { get }
    /// Predictions a row.
    var outputCount: Int { get }
    /// What raw outputs and predictions are rounded to; it decides how they print, so that they read back.
    var precision: Precision { get }

    /// Predicts some rows; from any thread, with targets of its own.
    ///
    /// - Parameters:
    ///   - rows: row-major, `stride` (at least `featureCount`) numbers from row to row; NaN is a missing value. A model of
    ///     single precision rounds them to float32.
    ///   - raw: `rawCount` a row; `nil`: they are not wanted.
    ///   - predictions: `outputCount` a row; `nil`: they are not wanted.
    ///
    /// No allocation after the first calls, no locks.
    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?)
}
