import Configuration
import Engine
import Foundation
import Logging
import Models
import Synchronization
import Testing

@testable import Scoring

/// Model files that change while a pipeline runs.
@Suite struct ModelWatchTests {
    private static let model = ReplayWorkspace.model
    /// The same trees with another leaf.
    private static let other = model.replacing("[20,10,1,-1,0]", with: "[20,10,2,-1,0]")
    private static let third = model.replacing("[20,10,1,-1,0]", with: "[20,10,3,-1,0]")

    /// Replaced by a rename, as who deploys with care does it, or written in place: after it has settled, once.
    @Test(arguments: [true, false])
    func aChangedFileTakesItsModelsPlace(byRename: Bool) throws {
        let run = try WatchedRun()
        let before = run.models
        #expect(before.version == run.assembly.scoring.models.version)
        for _ in 0..<3 { run.watch.look() }
        #expect(run.counts == [0, 0] && run.models === before && run.lines.isEmpty)
        try run.replace("model.json", Self.other, byRename: byRename)
        run.watch.look()
        #expect(run.models === before, "it may be half there")
        run.watch.look()
        #expect(run.counts == [1, 0] && run.models !== before)
        #expect(run.models.version != before.version && run.models.planHash != before.planHash)
        // sigmoid(1), sigmoid(2)
        #expect(
            try abs(Self.score(before, amount: 25) - 0.731059) < 1e-6 && abs(run.score(amount: 25) - 0.880797) < 1e-6)
        #expect(
            run.lines == [
                "notice a new model scores from the next batch on [before=\(before.version) model=stump "
                    + "plan=\(run.models.planHash) version=\(run.models.version)]"
            ])
        // What a restart reads is the same.
        #expect(try WatchedRun.load(run.workspace).scoring.models.planHash == run.models.planHash)
        for _ in 0..<3 { run.watch.look() }
        #expect(run.counts == [1, 0])
    }

    @Test func aFileThatIsStillWrittenIsWaitedFor() throws {
        let run = try WatchedRun()
        let text = Array(Self.other.utf8)
        for end in stride(from: 100, to: text.count, by: 100) {
            try run.replace("model.json", String(decoding: text[..<end], as: UTF8.self), byRename: false)
            run.watch.look()
        }
        try run.replace("model.json", Self.other, byRename: false)
        run.watch.look()
        #expect(run.counts == [0, 0] && run.lines.isEmpty)
        run.watch.look()
        #expect(run.counts == [1, 0])
    }

    @Test func theSameBytesAreNoNewModel() throws {
        let run = try WatchedRun()
        let before = run.models
        try run.replace("model.json", Self.model, byRename: true)
        for _ in 0..<3 { run.watch.look() }
        #expect(run.counts == [0, 0] && run.models === before && run.lines.isEmpty)
        run.watch.look(isAsked: true)
        #expect(run.counts == [0, 0] && run.lines == ["notice the model files hold what scores already []"])
    }

    /// Refused once, with what is wrong with it; the model before it goes on, until there is one that can be used.
    @Test(arguments: [
        ("truncated", String(model.prefix(400)), "never closed"),
        ("other inputs", model.replacing("\"customer_tx_1d\"]", with: "\"amount_2\"]"), "input 2 of the model"),
        (
            "fewer inputs", model.replacing("\"num_feature\":\"2\"", with: "\"num_feature\":\"1\""),
            "2 names for 1 features"
        ),
        ("empty", "", "the file is empty"), ("another file", "pipeline: none", "no known kind"),
    ])
    func aFileThatCannotBeUsedIsRefused(what: String, text: String, reason: String) throws {
        let run = try WatchedRun()
        let before = run.models
        try run.replace("model.json", text, byRename: true)
        for _ in 0..<5 { run.watch.look() }
        #expect(run.counts == [0, 1] && run.models === before, "\(what)")
        let line = try #require(run.lines.first)
        #expect(run.lines.count == 1)
        #expect(line.hasPrefix("error the new model file is refused; the model before it goes on scoring ["), "\(line)")
        #expect(line.contains(reason), "\(line)")
        run.watch.look(isAsked: true)
        #expect(run.counts == [0, 2] && run.models === before)
        try run.replace("model.json", Self.other, byRename: true)
        for _ in 0..<2 { run.watch.look() }
        #expect(run.counts == [1, 2] && run.models.version != before.version)
    }

    @Test func aFileThatIsGoneIsSaidOnce() throws {
        let run = try WatchedRun()
        let before = run.models
        try FileManager.default.removeItem(atPath: run.workspace.file("model.json"))
        for _ in 0..<4 { run.watch.look() }
        #expect(run.counts == [0, 1] && run.models === before)
        #expect(run.lines.first?.contains("cannot be read: no such file or directory") == true, "\(run.lines)")
        try run.replace("model.json", Self.model, byRename: false)
        for _ in 0..<4 { run.watch.look() }
        #expect(run.counts == [0, 1] && run.models === before && run.lines.count == 1)
    }

    /// Whoever asks waits for nothing.
    @Test func askingReadsAtOnce() throws {
        let run = try WatchedRun()
        try run.replace("model.json", Self.other, byRename: false)
        run.watch.look(isAsked: true)
        #expect(run.counts == [1, 0])
    }

    @Test(arguments: [("on-signal", [0, 0], [1, 0], true), ("never", [0, 0], [0, 0], false)])
    func aModelMayBeLeftAlone(reload: String, looked: [Int], asked: [Int], isNeeded: Bool) throws {
        let run = try WatchedRun(pipeline: {
            $0.replacing("file: model.json", with: "file: model.json, reload: \(reload)")
        })
        #expect(run.watch.isNeeded == isNeeded)
        try run.replace("model.json", Self.other, byRename: true)
        for _ in 0..<3 { run.watch.look() }
        #expect(run.counts == looked)
        run.watch.look(isAsked: true)
        #expect(run.counts == asked)
    }

    /// Files that belong together are taken together, or not at all.
    @Test func severalModelsAreSwappedAsOne() throws {
        let run = try WatchedRun(pipeline: WatchedRun.several)
        let before = run.models
        #expect(before.name == "a+b" && before.models.map(\.version).count == 2)
        try run.replace("model.json", Self.other, byRename: true)
        run.watch.look()
        // The second comes while the first settles.
        try run.replace("b.json", String(Self.other.prefix(300)), byRename: true)
        for _ in 0..<4 { run.watch.look() }
        #expect(run.counts == [0, 1] && run.models === before)
        try run.replace("b.json", Self.third, byRename: true)
        for _ in 0..<2 { run.watch.look() }
        #expect(run.counts == [1, 1])
        #expect(zip(run.models.models, before.models).allSatisfy { $0.version != $1.version })
        #expect(run.models.version != before.version && run.models.name == "a+b")
        #expect(try WatchedRun.load(run.workspace).scoring.models.version == run.models.version)
        #expect(run.lines.count == 3, "\(run.lines)")
    }

    /// One that is refused holds up the others, which is said.
    @Test func aNewModelWaitsForTheOther() throws {
        let run = try WatchedRun(pipeline: WatchedRun.several)
        try run.replace("b.json", "", byRename: true)
        for _ in 0..<2 { run.watch.look() }
        try run.replace("model.json", Self.other, byRename: true)
        for _ in 0..<2 { run.watch.look() }
        #expect(run.counts == [0, 1])
        #expect(run.lines.last == "warning a new model waits for another whose file is refused [model=b]")
        try run.replace("b.json", Self.model, byRename: true)
        for _ in 0..<2 { run.watch.look() }
        #expect(run.counts == [1, 1])
    }

    /// By a thread of its own, which ends when it is told to.
    @Test func aThreadLooksWhenAsked() throws {
        let run = try WatchedRun()
        let before = run.models.version
        try run.replace("model.json", Self.other, byRename: true)
        let reloader = ModelReloader(run.watch)
        for _ in 0..<3 { reloader.ask() }
        run.waitForLine()
        reloader.stop()
        reloader.stop()
        #expect(run.counts == [1, 0] && run.models.version != before)
    }

    fileprivate static func score(_ models: ModelSet, amount: Double) throws -> Float {
        var score = Double.nan
        try #require(models.models[0].model).score(rows: [amount, 1], rowCount: 1, stride: 2, into: &score)
        return Float(score)
    }
}

/// A pipeline in a folder with what watches its models, and what that said.
private final class WatchedRun {
    let workspace: ReplayWorkspace
    let assembly: PipelineAssembly
    let slot: ModelSlot
    let metrics = RunMetrics(pipeline: "small", topics: ["transactions"])
    let watch: ModelWatch
    private let log = SaidLines()

    static func several(_ pipeline: String) -> String {
        pipeline.replacing(
            "model: {name: stump, file: model.json}",
            with: "models: {a: {file: model.json}, b: {file: b.json}}\nscore: (a + b) / 2")
    }

    init(pipeline change: (String) -> String = { $0 }) throws {
        workspace = try ReplayWorkspace()
        try workspace.write("pipeline.yaml", change(ReplayWorkspace.pipeline))
        try workspace.write("b.json", ReplayWorkspace.model)
        assembly = try Self.load(workspace)
        slot = ModelSlot(assembly.scoring.models)
        let log = log
        watch = ModelWatch(
            assembly, into: slot, logger: Logger(label: "test") { _ in SaidLines.Handler(lines: log) }, metrics: metrics
        )
    }

    static func load(_ workspace: ReplayWorkspace) throws -> PipelineAssembly {
        let (assembly, file) = PipelineAssembly.load(path: workspace.file("pipeline.yaml"), checksProperties: false)
        return try #require(assembly, "\(file.rendered())")
    }

    var models: ModelSet { slot.models }
    var lines: [String] { log.lines.withLock { $0 } }

    /// Swaps and refusals.
    var counts: [Int] {
        ["riffle_model_swaps_total", "riffle_model_swap_failures_total"].map { name in
            let line = metrics.text().split(separator: "\n").first { $0.hasPrefix(name) }
            return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? -1
        }
    }

    func replace(_ name: String, _ text: String, byRename: Bool) throws {
        if !byRename { return try workspace.write(name, text) }
        try workspace.write("new", text)
        guard rename(workspace.file("new"), workspace.file(name)) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func score(amount: Double) throws -> Float { try ModelWatchTests.score(models, amount: amount) }

    func waitForLine() { log.added.wait() }
}

/// What a logger was told.
private final class SaidLines: Sendable {
    let lines = Mutex<[String]>([])
    let added = DispatchSemaphore(value: 0)

    struct Handler: LogHandler {
        let lines: SaidLines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.lines.withLock { $0.append("\(event.level) \(event.message) [\(fields)]") }
            lines.added.signal()
        }
    }
}
