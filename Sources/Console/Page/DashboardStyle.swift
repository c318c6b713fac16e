/// The dashboard's style: light and dark, narrow and wide, and readable without colours.
enum DashboardStyle {
    static let text = #"""
        :root {
          --back: #f4f5f7; --card: #ffffff; --edge: #d5dae1; --text: #1b2430; --dim: #566273; --line: #1f5fae;
          --second: #8a5200; --bad: #a3262a; --badback: #fdeeee; --good: #1d6b3a; --track: #e8ebf0;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #11151b; --card: #1a2029; --edge: #333d4b; --text: #e7ebf1; --dim: #a6b1c0; --line: #82b6f7;
            --second: #e3b667; --bad: #ffa19c; --badback: #35191b; --good: #86d6a0; --track: #2a323e;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--text);
          font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        .skip { position: absolute; left: -100em; }
        .skip:focus { left: .5em; top: .5em; background: var(--card); color: var(--text); padding: .4em .8em; z-index: 1; }
        :focus-visible { outline: 3px solid var(--line); outline-offset: 2px; border-radius: 3px; }
        header { display: flex; flex-wrap: wrap; gap: .3em 1.2em; align-items: center; padding: .9em 1.2em .6em;
          max-width: 84em; margin: 0 auto; }
        h1 { font-size: 1.25em; margin: 0; font-weight: 650; overflow-wrap: anywhere; }
        h1 span { color: var(--dim); font-weight: 400; }
        #status { font-weight: 600; border: 1px solid currentColor; border-radius: 1em; padding: .05em .8em; }
        #status.good { color: var(--good); } #status.bad { color: var(--bad); }
        #when { color: var(--dim); margin-left: auto; font-variant-numeric: tabular-nums; }
        button { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--dim);
          border-radius: .4em; padding: .25em .9em; cursor: pointer; }
        #reasons { max-width: 84em; margin: 0 auto; padding: 0 1.2em; list-style: none; color: var(--bad); }
        #reasons:empty { display: none; }
        main { display: grid; gap: .9em; padding: .4em 1.2em 1.6em; max-width: 84em; margin: 0 auto;
          grid-template-columns: repeat(12, minmax(0, 1fr)); }
        section { background: var(--card); border: 1px solid var(--edge); border-radius: .6em; padding: .8em 1em .9em;
          grid-column: span 4; min-width: 0; display: flex; flex-direction: column; }
        section.wide { grid-column: span 8; }
        h2 { font-size: .95em; margin: 0 0 .35em; font-weight: 600; color: var(--dim); }
        .big { font-size: 2em; line-height: 1.15; font-weight: 650; font-variant-numeric: tabular-nums; }
        .big small { font-size: .5em; font-weight: 400; color: var(--dim); }
        .row { display: flex; gap: 1.4em; flex-wrap: wrap; }
        .note { color: var(--dim); font-size: .87em; margin: .35em 0 0; }
        svg { display: block; width: 100%; height: 4.2em; flex: 1 1 4.2em; min-height: 4.2em; max-height: 11em;
          margin-top: .5em; overflow: visible; }
        svg.tall { height: 11em; flex: 1 1 11em; max-height: 16em; }
        .l1, .l2, .ref { fill: none; stroke: var(--line); stroke-width: 2; vector-effect: non-scaling-stroke; }
        .l2, .ref { stroke: var(--second); stroke-dasharray: 5 4; }
        .halo { fill: none; stroke: var(--card); stroke-width: 6; vector-effect: non-scaling-stroke; }
        .base { stroke: var(--edge); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .bar { fill: var(--line); }
        .key { display: inline-block; width: 1.9em; border-top: 3px solid var(--line); vertical-align: middle; }
        .key.two { border-top: 3px dashed var(--second); }
        .key.box { border: 0; height: .8em; width: .8em; background: var(--line); }
        .axis { display: flex; justify-content: space-between; color: var(--dim); font-size: .82em;
          font-variant-numeric: tabular-nums; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 500; color: var(--dim); font-size: .87em; }
        th, td { padding: .18em .7em .18em 0; vertical-align: middle; overflow-wrap: anywhere; }
        td.n, th.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
        td.meter { width: 30%; min-width: 3.5em; padding-right: 0; }
        #lanes td.meter { width: 18%; }
        .track { background: var(--track); border-radius: .25em; height: .75em; border: 1px solid var(--edge); }
        .fill { background: var(--line); height: 100%; border-radius: .2em; min-width: 0; }
        .scroll { overflow: auto; max-height: 15em; }
        details { margin-top: .5em; } summary { color: var(--dim); font-size: .87em; cursor: pointer; }
        #alerts { list-style: none; margin: .3em 0 0; padding: 0; }
        #alerts li { padding: .45em .7em; margin-top: .4em; border-left: 4px solid var(--edge); }
        #alerts li.open { border-left-color: var(--bad); background: var(--badback); }
        #alerts b { display: block; } #alerts .open b { color: var(--bad); }
        #token { max-width: 30em; margin: 3em auto; padding: 1.2em; background: var(--card); border: 1px solid var(--edge);
          border-radius: .6em; }
        #token input { font: inherit; width: 100%; margin: .5em 0; padding: .35em .5em; color: var(--text);
          background: var(--back); border: 1px solid var(--dim); border-radius: .3em; }
        [hidden] { display: none !important; }
        @media (max-width: 60em) {
          main { grid-auto-flow: dense; }
          section { grid-column: span 6; }
          section.wide, section:last-of-type { grid-column: 1 / -1; }
        }
        @media (max-width: 38em) {
          header, main { padding-left: .8em; padding-right: .8em; }
          section, section.wide { grid-column: 1 / -1; }
          #when { margin-left: 0; width: 100%; }
        }
        @media (forced-colors: active) { .bar, .fill, .key.box { forced-color-adjust: none; background: CanvasText;
          fill: CanvasText; } }

        """#
}
