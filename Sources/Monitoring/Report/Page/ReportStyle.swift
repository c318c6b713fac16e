/// The page's style, in the dashboard's colours: light and dark, narrow and wide, on paper, and readable without colours.
enum ReportStyle {
    static let text = HTML(stringLiteral: source)

    private static let source = #"""
        :root { color-scheme: light dark;
          --back: #f4f5f7; --card: #ffffff; --edge: #d5dae1; --text: #1b2430; --dim: #566273; --line: #1f5fae;
          --second: #8a5200; --bad: #a3262a; --badback: #fdeeee; --good: #1d6b3a; --soft: #dbe7f6; }
        @media (prefers-color-scheme: dark) { :root {
          --back: #11151b; --card: #1a2029; --edge: #333d4b; --text: #e7ebf1; --dim: #a6b1c0; --line: #82b6f7;
          --second: #e3b667; --bad: #ffa19c; --badback: #35191b; --good: #86d6a0; --soft: #22364f; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 84em; padding: 0 1.2em 2em; background: var(--back); color: var(--text);
          font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        .skip { position: absolute; left: -100em; }
        .skip:focus { left: .5em; top: .5em; background: var(--card); padding: .4em .8em; z-index: 1; }
        :focus-visible { outline: 3px solid var(--line); outline-offset: 2px; border-radius: 3px; }
        a { color: var(--line); }
        h1 { font-size: 1.35em; margin: 1em 0 .3em; overflow-wrap: anywhere; }
        h1 span { color: var(--dim); font-weight: 400; }
        h2 { font-size: 1.1em; margin: 1.6em 0 .5em; }
        h3 { font-size: 1em; margin: 0; overflow-wrap: anywhere; display: inline; }
        section, details.series { background: var(--card); border: 1px solid var(--edge); border-radius: .6em;
          padding: .8em 1em .9em; margin: 0 0 .9em; }
        .told { border-left: 4px solid var(--bad); }
        .tag { font-size: .87em; font-weight: 600; border: 1px solid currentColor; border-radius: 1em; padding: 0 .7em;
          margin-left: .6em; white-space: nowrap; }
        .tag.bad { color: var(--bad); } .tag.good { color: var(--good); } .tag.dim { color: var(--dim); font-weight: 400; }
        .verdict { font-size: 1.15em; font-weight: 600; margin: .2em 0 .6em; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1.2em; margin: 0; }
        dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        .note { color: var(--dim); font-size: .9em; margin: .35em 0; overflow-wrap: anywhere; max-width: 70em; }
        .plots { display: grid; gap: .8em 2em; grid-template-columns: repeat(3, minmax(0, 1fr)); margin-top: .7em; }
        .plots.wide { grid-template-columns: repeat(2, minmax(0, 1fr)); }
        figure { margin: 0; min-width: 0; padding-right: 1em; break-inside: avoid; }
        figcaption { font-size: .87em; color: var(--dim); display: flex; flex-wrap: wrap; gap: 0 1em; min-height: 1.5em;
          justify-content: space-between; }
        .legend { white-space: nowrap; }
        .box { position: relative; margin: 1.1em 0 0 3.7em; }
        svg { display: block; width: 100%; height: 9em; overflow: visible; }
        .y { position: absolute; right: 100%; transform: translateY(-50%); padding-right: .5em; white-space: nowrap; }
        .x { position: relative; height: 1.3em; margin: .25em 0 0 3.7em; }
        .x span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
        .y, .x { color: var(--dim); font-size: .8em; font-variant-numeric: tabular-nums; }
        .box, .x { margin-left: 3.4em; } .x { margin-left: 4.25em; }
        .mark { position: absolute; bottom: 100%; transform: translateX(-50%); font-size: .8em; line-height: 1.2; color: var(--bad); }
        .mark.firing::before { content: "▼"; } .mark.updated::before { content: "◆"; }
        .mark.resolved::before { content: "△"; } .mark.resolved { color: var(--good); }
        .l1, .l2, .ref, .limit, .edge, .halo { fill: none; stroke: var(--line); stroke-width: 2;
          vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        .edge { stroke-width: 1; } .l2 { stroke: var(--second); }
        .ref { stroke: var(--second); stroke-dasharray: 5 4; }
        .limit { stroke: var(--bad); stroke-dasharray: 2 3; }
        .halo { stroke: var(--card); stroke-width: 6; }
        .base { stroke: var(--edge); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .bar { fill: var(--line); } .band { fill: var(--soft); } .open { fill: var(--bad); }
        .err { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
        .key { display: inline-block; width: 1.7em; border-top: 3px solid var(--line); vertical-align: middle; }
        .key.two { border-top: 3px dashed var(--second); } .key.limit { border-top: 3px dotted var(--bad); stroke: none; }
        .key.box { border: 0; height: .8em; width: .8em; margin: 0; background: var(--line); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93em; }
        .all { width: 100%; }
        th { text-align: left; font-weight: 500; color: var(--dim); font-size: .93em; vertical-align: bottom; }
        th, td { padding: .2em 1em .2em 0; overflow-wrap: anywhere; }
        td { vertical-align: top; border-top: 1px solid var(--edge); }
        td:first-child, th:first-child { min-width: 7em; }
        td.n, th.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
        .scroll { overflow: auto; max-height: 24em; margin-top: .4em; display: flex; gap: 1em 3em; flex-wrap: wrap;
          align-items: flex-start; }
        .wide-table { overflow-x: auto; } .t { white-space: nowrap; }
        summary { cursor: pointer; color: var(--dim); font-size: .9em; width: max-content; max-width: 100%; }
        details.series > summary { color: var(--text); font-size: 1em; width: auto; }
        .figures { margin-top: .5em; }
        @media (max-width: 62em) { .plots, .plots.wide { grid-template-columns: minmax(0, 1fr); } }
        @media (max-width: 38em) { body { padding: 0 .7em 1.5em; } dl { grid-template-columns: 1fr; gap: 0; }
          dd { margin-bottom: .4em; } section, details.series { padding: .7em .7em .8em; } figure { padding-right: .6em; }
          .stack thead, .stack tr:first-child { position: absolute; left: -100em; }
          .stack td { display: block; border: 0; padding: 0; text-align: left; white-space: normal; }
          .stack td::before { content: attr(data-n) " "; color: var(--dim); font-size: .9em; }
          .stack tr { display: block; border-top: 1px solid var(--edge); padding: .4em 0; } }
        @media print { :root { --back: #fff; --card: #fff; --edge: #999; --text: #000; --dim: #333; --line: #000;
            --second: #555; --bad: #000; --badback: #eee; --good: #000; --soft: #ddd; }
          body { max-width: none; padding: 0; font-size: 11px; } .skip, .figures { display: none; }
          section, details.series { break-inside: avoid; } .bar { fill: #757575; }
          .key.box { print-color-adjust: exact; background: #757575; } }
        @media print and (min-width: 38em) { .plots { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
        @media (forced-colors: active) { .bar, .key.box { forced-color-adjust: none; background: CanvasText;
          fill: CanvasText; } .band, .open { fill: none; } }

        """#
}
