import Configuration
import CoreMetrics
import Diagnostics
import Engine
import Logging

/// Looks whether the model files of a running pipeline have changed, reads those that have, and puts them in the place
/// of the others: all of them together, or none.
///
/// ```
///  look       look            look
///  ──┬──────────┬───────────────┬───────▶
///    as it was  changed: may    as at the look before: read,
///               be half there   and taken or refused
/// ```
///
/// What is refused is not read again until the file changes, or somebody asks. The models that score go on until a whole
/// set of others can be used, so that files that belong together are taken together.
// SAFETY: whoever made it hands it to one thread, `ModelReloader`'s, and uses it no more.
final class ModelWatch: @unchecked Sendable {
    private struct Watched {
        let path: String
        /// The path where it is not that of the pipeline file.
        let override: String?
        let reload: ModelSpec.Reload
        /// The file as it was when it was last read, whatever came of it; `nil`: there was none.
        var read: FileStamp?
        /// The file as it was at the last look.
        var seen: FileStamp?
        /// What was last read that can be used.
        var candidate: ModelBinding
        var isRefused = false
    }

    private let assembly: PipelineAssembly
    private let slot: ModelSlot
    private let logger: Logger
    private let metrics: RunMetrics
    private var models: [Watched]
    /// What scores now.
    private var current: [ModelBinding]
    /// Somebody asked, and a file was being written.
    private var isStillAsked = false

    init(_ assembly: PipelineAssembly, into slot: ModelSlot, logger: Logger, metrics: RunMetrics) {
        self.assembly = assembly
        self.slot = slot
        self.logger = logger
        self.metrics = metrics
        current = assembly.bindings
        models = zip(assembly.bindings, assembly.spec.models).map { binding, spec in
            Watched(
                path: binding.path, override: binding.path == spec.path ? nil : binding.path, reload: spec.reload,
                read: binding.stamp, seen: binding.stamp, candidate: binding)
        }
    }

    /// Whether some model may be replaced at all.
    var isNeeded: Bool { models.contains { $0.reload != .never } }

    /// One look at all files. Complexity: a `stat` each, and reading what has changed.
    ///
    /// - Parameter isAsked: somebody wants them to be read now, whether or not they seem to have changed.
    func look(isAsked: Bool = false) {
        let isAsked = isAsked || isStillAsked
        isStillAsked = false
        var isSettling = false
        var due: [Int] = []
        for index in models.indices {
            switch models[index].reload {
            case .never: continue
            case .onSignal where !isAsked: continue
            case .onSignal, .onChange: break
            }
            let stamp = FileStamp(path: models[index].path)
            if isAsked || stamp != models[index].read {
                if isAsked || stamp == models[index].seen { due.append(index) } else { isSettling = true }
            }
            models[index].seen = stamp
        }
        if !isSettling && !due.isEmpty { read(due, isAsked: isAsked) }
    }

    private func read(_ due: [Int], isAsked: Bool) {
        var isWritten = false
        var hasFailed = false
        for index in due {
            let (binding, problems) = ModelBinding.bind(index, of: assembly.plan, overriddenBy: models[index].override)
            let stamp = FileStamp(path: models[index].path)
            if stamp != models[index].seen {
                // What was read may be half of what will be there.
                models[index].seen = stamp
                isWritten = true
                continue
            }
            models[index].read = stamp
            models[index].isRefused = binding == nil
            hasFailed = hasFailed || binding == nil
            if let binding { models[index].candidate = binding }
            for problem in problems { log(problem, of: models[index].candidate.name) }
        }
        isStillAsked = isAsked && isWritten
        if hasFailed { metrics.modelSwapFailures.increment() }
        if isWritten || hasFailed { return }
        if let refused = models.first(where: \.isRefused) {
            logger.warning(
                "a new model waits for another whose file is refused", metadata: ["model": "\(refused.candidate.name)"])
        } else {
            swap(isAsked: isAsked)
        }
    }

    private func log(_ problem: Diagnostic, of model: String) {
        var metadata: Logger.Metadata = ["model": "\(model)", "reason": "\(problem.message)"]
        if let suggestion = problem.suggestion { metadata["remedy"] = "\(suggestion)" }
        if problem.severity == .error {
            logger.error("the new model file is refused; the model before it goes on scoring", metadata: metadata)
        } else {
            logger.warning("the new model file can be used; look at it all the same", metadata: metadata)
        }
    }

    private func swap(isAsked: Bool) {
        let candidates = models.map(\.candidate)
        let changed = zip(candidates, current).filter { $0.digest != $1.digest }
        if changed.isEmpty {
            if isAsked { logger.notice("the model files hold what scores already") }
            return
        }
        let set = assembly.makeModels(candidates)
        slot.models = set
        current = candidates
        metrics.modelSwaps.increment()
        for (new, old) in changed {
            logger.notice(
                "a new model scores from the next batch on",
                metadata: [
                    "model": "\(new.name)", "version": "\(new.version)", "before": "\(old.version)",
                    "plan": "\(set.planHash)",
                ])
        }
    }
}
