/// The dashboard's places, which its script fills.
enum DashboardMarkup {
    static let text = #"""
        <body>
        <a class="skip" href="#main">Skip to the figures</a>
        <header>
          <h1>Riffle <span id="pipeline"></span></h1>
          <div id="status" role="status" aria-live="polite" class="bad">… connecting</div>
          <button id="pause" type="button" aria-pressed="false">Pause</button>
          <div id="when"></div>
        </header>
        <ul id="reasons" aria-label="Why it is not ready"></ul>
        <form id="token" hidden>
          <label for="secret">This console asks for its token, which is the value of <code>RIFFLE_HTTP_TOKEN</code>.</label>
          <input id="secret" type="password" autocomplete="off" spellcheck="false">
          <button type="submit">Open</button>
          <p class="note" id="denied" role="alert"></p>
        </form>
        <main id="main" tabindex="-1">
          <section aria-labelledby="h-rate">
            <h2 id="h-rate">Throughput</h2>
            <div class="big"><span id="rate">–</span> <small>events/s scored</small></div>
            <svg id="g-rate" role="img" aria-label="Throughput of the last two minutes" viewBox="0 0 300 60"
              preserveAspectRatio="none"></svg>
            <p class="note" id="n-rate"></p>
          </section>
          <section aria-labelledby="h-latency">
            <h2 id="h-latency">Latency, record to score</h2>
            <div class="row">
              <div class="big"><span id="p50">–</span> <small>p50</small></div>
              <div class="big"><span id="p99">–</span> <small>p99</small></div>
            </div>
            <svg id="g-latency" role="img" aria-label="Latency of the last two minutes" viewBox="0 0 300 60"
              preserveAspectRatio="none"></svg>
            <p class="note"><span class="key"></span> p50 &ensp;<span class="key two"></span> p99 <span id="n-latency"></span></p>
          </section>
          <section aria-labelledby="h-lag">
            <h2 id="h-lag">Lag</h2>
            <div class="big"><span id="lag">–</span> <small>offsets behind</small></div>
            <div class="scroll" tabindex="0" role="region" aria-label="Lag by partition">
              <table><thead><tr><th scope="col">partition</th><th scope="col" class="n">behind</th>
                <th scope="col" class="n">in work</th><th scope="col"><span hidden>share</span></th></tr></thead>
                <tbody id="lanes"></tbody></table>
            </div>
          </section>
          <section class="wide" aria-labelledby="h-scores">
            <h2 id="h-scores">Scores</h2>
            <svg id="g-scores" class="tall" role="img" aria-label="How scores are distributed" viewBox="0 0 400 120"
              preserveAspectRatio="none"></svg>
            <div class="axis" id="x-scores" aria-hidden="true"></div>
            <p class="note"><span class="key box"></span> <span id="n-scores">now</span>
              <span id="k-reference" hidden>&ensp;<span class="key two"></span> reference</span>
              &ensp;heights are logarithmic: a full bar is 100 %, half of one 1 %</p>
            <details><summary>The same as a table</summary>
              <div class="scroll" tabindex="0" role="region" aria-label="Scores as a table">
                <table><thead><tr><th scope="col">score</th><th scope="col" class="n">now</th>
                  <th scope="col" class="n">reference</th></tr></thead><tbody id="t-scores"></tbody></table></div>
            </details>
          </section>
          <section aria-labelledby="h-decisions">
            <h2 id="h-decisions">Decisions</h2>
            <table><thead><tr><th scope="col">decision</th><th scope="col" class="n">events</th>
              <th scope="col" class="n">share</th><th scope="col"><span hidden>bar</span></th></tr></thead>
              <tbody id="decisions"></tbody></table>
            <p class="note" id="n-decisions"></p>
          </section>
          <section class="wide" aria-labelledby="h-drift">
            <h2 id="h-drift">Drift</h2>
            <p id="drift" class="note"></p>
            <ul id="alerts"></ul>
          </section>
          <section aria-labelledby="h-letters">
            <h2 id="h-letters">Dead letters</h2>
            <div class="big"><span id="letters">–</span> <small>since the start</small></div>
            <table><tbody id="t-letters"></tbody></table>
            <p class="note" id="totals"></p>
          </section>
        </main>

        """#
}
