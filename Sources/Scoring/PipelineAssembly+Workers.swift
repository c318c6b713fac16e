import Configuration
import Foundation
import Workers

extension PipelineAssembly {
    /// The workers that the pipeline's file asks for; `auto` is one per core.
    public var workerCount: Int {
        switch spec.workers {
        case .auto: min(WorkerPool.workersMax, max(1, ProcessInfo.processInfo.activeProcessorCount))
        case .count(let count): count
        }
    }
}
