public import Configuration
import Foundation
import Workers

extension PipelineAssembly {
    /// The workers that the pipeline's file asks for.
    public var workerCount: Int { Self.workerCount(spec.workers) }

    /// `auto` is one per core.
    public static func workerCount(_ workers: WorkersSpec) -> Int {
        switch workers {
        case .auto: min(WorkerPool.workersMax, max(1, ProcessInfo.processInfo.activeProcessorCount))
        case .count(let count): count
        }
    }
}
