import ArgumentParser
import Configuration
import Diagnostics
import Foundation
import Scoring

/// Reads the pipeline that a command is about; prints every problem and ends with status 2 if it has an error.
enum PipelineLoading {
    static func load(
        _ path: String, modelPath: String? = nil, checksProperties: Bool = true
    ) throws -> PipelineAssembly {
        let (assembly, file) = PipelineAssembly.load(
            path: path, modelPath: modelPath, checksProperties: checksProperties)
        Terminal.printError(file.rendered(usesColour: Terminal.usesColourOnError), terminator: "")
        guard let assembly else { throw ExitCode(2) }
        return assembly
    }
}
