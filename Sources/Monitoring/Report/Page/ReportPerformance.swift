import Drift

/// How right the scores were, window by window: measured where labels have come, estimated where they have not.
struct ReportPerformance {
    let windows: [ReportedWindow]
    let leftOut: Int

    private static let decisionsMax = 20

    private typealias Measured = (window: ReportedWindow, found: ReportedWindow.Measured)
    private typealias Estimated = (window: ReportedWindow, found: ReportedWindow.Estimated)

    private var measured: [Measured] {
        windows.compactMap { window in
            if case .measured(let found) = window.content { return (window, found) }
            return nil
        }
    }

    private var estimated: [Estimated] {
        windows.compactMap { window in
            if case .estimated(let found) = window.content { return (window, found) }
            return nil
        }
    }

    var html: HTML {
        if windows.isEmpty { return .empty }
        let (first, last) = (windows.map(\.from).min() ?? 0, windows.map(\.to).max() ?? 1)
        let axis = TimeAxis(from: first, to: last)
        var page: HTML = "<h2 id=performance>Performance</h2>\n<section>"
        page += """
            <p class=note>Of all decisions together that call an event positive, by windows of event time. Vertical lines are 95 % \
            intervals (Wilson's). An estimate needs no labels: it takes it that a score still stands for the probability that it \
            stood for in the reference, and is blind to fraud that scores low.</p><div class=plots>
            """
        page += plot(axis, "Precision", { $0.flagged.precision }, { $0.flagged.labelled }, { $0.precision })
        page += plot(axis, "Recall", { $0.flagged.recall }, { $0.positives }, { $0.recall })
        page += plot(axis, "ROC AUC", { $0.roc_auc }, { _ in 0 }, { $0.roc_auc })
        page += plot(axis, "Card precision", { $0.card_precision }, { _ in 0 }, { _ in nil })
        page += "</div>"
        page += decisions
        page += figures
        if leftOut > 0 { page += "<p class=note>\(leftOut) older windows are not on this page.</p>" }
        return page + "</section>\n"
    }

    /// - Parameter events: what the share is of, for its interval; 0: it has none.
    private func plot(
        _ axis: TimeAxis, _ title: String, _ share: (ReportedWindow.Measured) -> Double?,
        _ events: (ReportedWindow.Measured) -> Int, _ estimate: (ReportedWindow.Estimated) -> Double?
    ) -> HTML {
        func middle(_ window: ReportedWindow) -> Double { axis.place(window.from + (window.to - window.from) / 2) }
        let truth = measured.compactMap { one in share(one.found).map { (x: middle(one.window), y: $0) } }
        let guessed = estimated.compactMap { one in estimate(one.found).map { (x: middle(one.window), y: $0) } }
        if truth.isEmpty && guessed.isEmpty { return .empty }
        var frame = PlotFrame(title)
        frame.legend = "<span class=legend>"
        if !truth.isEmpty { frame.legend += "<i class=\"key\"></i> measured" }
        if !guessed.isEmpty { frame.legend += " <i class=\"key two\"></i> estimated" }
        frame.legend += "</span>"
        for tick in PlotScale(from: 0, to: 1).ticks() {
            frame.addRow(tick, title == "ROC AUC" ? MonitorText.number(tick) : ReportText.percent(tick))
        }
        frame.addIntervals(
            measured.compactMap { one in
                ShareInterval(share: share(one.found), events: events(one.found)).map {
                    (middle(one.window), $0.lowest, $0.highest)
                }
            })
        frame.addLine("ref", [guessed])
        frame.addLine("l1", [truth])
        frame.addTimes(axis)
        return frame.html
    }

    /// Each decision over all windows.
    private var decisions: HTML {
        var totals: [String: (labelled: Int, found: Double, positives: Int)] = [:]
        for one in measured {
            for (name, decision) in one.found.decisions {
                totals[name, default: (0, 0, 0)].labelled += decision.labelled
                totals[name, default: (0, 0, 0)].found += Double(decision.labelled) * (decision.precision ?? 0)
                totals[name, default: (0, 0, 0)].positives += one.found.positives
            }
        }
        if totals.isEmpty { return .empty }
        var table: HTML = """
            <div class=wide-table><table><tr><th scope=col>Decision, all windows<th scope=col class=n>Labelled events<th scope=col \
            class=n>Precision<th scope=col class=n>95 %<th scope=col class=n>Recall<th scope=col class=n>95 %
            """
        for (name, total) in totals.sorted(by: { $0.key < $1.key }).prefix(Self.decisionsMax) {
            let precision = total.labelled > 0 ? total.found / Double(total.labelled) : nil
            let recall = total.positives > 0 ? total.found / Double(total.positives) : nil
            table += "<tr><td><bdi>\(name)</bdi><td class=n>\(count: total.labelled)"
            table += Self.share(precision, of: total.labelled) + Self.share(recall, of: total.positives)
        }
        return table + "</table></div>"
    }

    /// A share and its interval, as two cells.
    private static func share(_ share: Double?, of events: Int) -> HTML {
        let interval = ShareInterval(share: share, events: events).map {
            "\(ReportText.percent($0.lowest)) to \(ReportText.percent($0.highest))"
        }
        return "<td class=n>\(share.map(ReportText.percent) ?? "–")<td class=n>\(interval ?? "–")"
    }

    private var figures: HTML {
        let guesses = Dictionary(estimated.map { ($0.window.from, $0.found) }, uniquingKeysWith: { _, last in last })
        let truths = Dictionary(measured.map { ($0.window.from, $0.found) }, uniquingKeysWith: { _, last in last })
        var table: HTML = """
            <details class=figures><summary>Figures</summary><div class=scroll tabindex=0 role=region aria-label="Figures of \
            performance"><table><tr><th scope=col>From<th scope=col class=n>Labelled<th scope=col class=n>Positives<th scope=col \
            class=n>Precision<th scope=col class=n>95 %<th scope=col class=n>Recall<th scope=col class=n>95 %<th scope=col \
            class=n>ROC AUC<th scope=col class=n>Average precision<th scope=col class=n>Card precision<th scope=col \
            class=n>Estimated precision<th scope=col class=n>Estimated recall
            """
        func number(_ value: Double?) -> String { value.map(MonitorText.number) ?? "–" }
        func percent(_ value: Double?) -> String { value.map(ReportText.percent) ?? "–" }
        for from in Set(guesses.keys).union(truths.keys).sorted() {
            table += "<tr><td class=t>\(TimeAxis.text(from))"
            if let truth = truths[from] {
                table += "<td class=n>\(count: truth.labelled)<td class=n>\(count: truth.positives)"
                table += Self.share(truth.flagged.precision, of: truth.flagged.labelled)
                table += Self.share(truth.flagged.recall, of: truth.positives)
                table += "<td class=n>\(number(truth.roc_auc))<td class=n>\(number(truth.average_precision))"
                table += "<td class=n>\(percent(truth.card_precision))"
            } else {
                table += HTML(stringLiteral: String(repeating: "<td class=n>–", count: 9))
            }
            let guess = guesses[from]
            table += "<td class=n>\(percent(guess?.precision))<td class=n>\(percent(guess?.recall))"
        }
        return table + "</table></div></details>"
    }
}
