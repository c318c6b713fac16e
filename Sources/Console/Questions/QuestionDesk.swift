/// Passes questions on, waits no longer than it may, and makes replies of the answers.
struct QuestionDesk: Sendable {
    let port: any ConsolePort
    let milliseconds: Int64

    func answer(_ question: EngineQuestion) async -> ConsoleReply {
        let answer = await withTaskGroup(of: EngineAnswer.self) { group in
            group.addTask { await port.ask(question) }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(milliseconds))
                return .refused(
                    EngineAnswer.Refusal(.timedOut, code: "timed-out", text: "the engine gave no answer in time"))
            }
            defer { group.cancelAll() }
            return await group.next()!
        }
        switch answer {
        case .answer(let text):
            return ConsoleReply(status: 200, contentType: ConsoleReply.json, body: .text(text))
        case .refused(let refusal):
            let status =
                switch refusal.kind {
                case .event: 400
                case .unknown: 404
                case .busy: 503
                case .timedOut: 504
                }
            var reply = ConsoleReply.problem(status, refusal.code, refusal.text)
            if refusal.kind == .busy { reply.headers.append((name: "Retry-After", value: "1")) }
            return reply
        }
    }
}
