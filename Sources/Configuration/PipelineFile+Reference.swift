import Diagnostics
import Foundation

extension PipelineFile {
    /// Adds a warning where there is no file under the monitor's reference: one can be made, and nothing but the monitor
    /// needs it. Whether what is there is a reference is for whoever reads it.
    public mutating func checkReference() {
        guard let reference = spec?.monitor?.reference, let path = spec?.monitor?.referencePath,
            !FileManager.default.fileExists(atPath: path)
        else { return }
        let problem = Diagnostic(
            .warning, code: "missing-reference",
            "there is no file \(reference.written.quoted), which the monitor holds scores against", at: reference.range,
            suggestion: "make it with `riffle baseline`")
        diagnostics = (diagnostics + [problem]).sortedByPosition()
    }
}
