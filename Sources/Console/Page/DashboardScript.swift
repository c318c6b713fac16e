/// The dashboard's script. Names from the stream are set as text, never as markup.
enum DashboardScript {
    static let text = stream + figures + charts

    /// Reading the stream, again and again; the token stays in this tab.
    private static let stream = #"""
        'use strict';
        const $ = id => document.getElementById(id);
        const kept = 120;
        let history = [], scores = [], paused = false, wait = 1000;
        let token = sessionStorage.getItem('riffle-token') || '';

        function status(text, good) {
          const sign = (good ? '● ' : '▲ ') + text;
          if ($('status').textContent !== sign) $('status').textContent = sign;
          $('status').className = good ? 'good' : 'bad';
        }
        function askForToken(text) {
          $('token').hidden = false; $('main').hidden = true; $('denied').textContent = text;
          status('token needed', false); $('secret').focus();
        }
        $('token').addEventListener('submit', event => {
          event.preventDefault();
          token = $('secret').value.trim(); $('secret').value = '';
          sessionStorage.setItem('riffle-token', token);
          $('token').hidden = true; $('main').hidden = false;
          listen();
        });
        $('pause').addEventListener('click', () => {
          paused = !paused;
          $('pause').setAttribute('aria-pressed', String(paused));
          $('pause').textContent = paused ? 'Go on' : 'Pause';
        });
        async function listen() {
          try {
            const headers = token ? {Authorization: 'Bearer ' + token} : {};
            const answer = await fetch('v1/stream', {headers, cache: 'no-store'});
            if (answer.status === 401) return askForToken(token ? 'That is not it.' : '');
            if (!answer.ok) throw new Error((await answer.json()).detail);
            wait = 1000;
            const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
            let text = '';
            for (;;) {
              const {value, done} = await reader.read();
              if (done) break;
              text += value;
              let end;
              while ((end = text.indexOf('\n\n')) >= 0) {
                take(text.slice(0, end)); text = text.slice(end + 2);
              }
            }
            status('the stream ended; trying again', false);
          } catch (error) {
            status('no connection; trying again', false);
          }
          setTimeout(listen, wait); wait = Math.min(wait * 2, 10000);
        }
        function take(event) {
          const name = /^event: (.*)$/m.exec(event), data = /^data: (.*)$/m.exec(event);
          if (!name || !data) return;
          const content = JSON.parse(data[1]);
          if (name[1] === 'history') { history = content; scores = []; return; }
          const latency = content.latency || {};
          const last = history[history.length - 1];
          if (!last || last.seconds < content.seconds) {
            history.push({seconds: content.seconds, rate: content.rate, p50: latency.p50 ?? null,
              p99: latency.p99 ?? null, lag: null});
          }
          if (history.length > kept) history.shift();
          if (content.scores) scores.push({seconds: content.seconds, counts: content.scores.counts,
            decisions: content.decisions.map(each => each.count)});
          if (scores.length > kept) scores.shift();
          if (!paused) show(content);
        }

        """#

    /// Figures and tables.
    private static let figures = #"""
        const count = new Intl.NumberFormat('en');
        const number = (value, digits) => value.toLocaleString('en', {maximumSignificantDigits: digits});
        function set(id, text) { if ($(id).textContent !== text) $(id).textContent = text; }
        function time(seconds) {
          if (seconds === null || seconds === undefined) return '–';
          if (seconds < 1) return number(seconds * 1e3, seconds < .01 ? 2 : 3) + ' ms';
          if (seconds < 600) return number(seconds, 3) + ' s';
          if (seconds < 172800) return number(seconds / 3600, 3) + ' h';
          return number(seconds / 86400, 3) + ' d';
        }
        function share(value) {
          if (value === 0) return '0 %';
          return value < .0001 ? '< 0.01 %' : number(value * 100, value < .1 ? 2 : 3) + ' %';
        }
        function span(seconds) {
          const whole = Math.floor(seconds), two = value => String(value).padStart(2, '0');
          return Math.floor(whole / 3600) + ':' + two(Math.floor(whole / 60) % 60) + ':' + two(whole % 60);
        }
        function element(name, text, className) {
          const made = document.createElement(name);
          if (text !== undefined) made.textContent = text;
          if (className) made.className = className;
          return made;
        }
        function meter(value) {
          const cell = element('td', undefined, 'meter'), track = element('div', undefined, 'track');
          const fill = element('div', undefined, 'fill');
          fill.style.width = Math.max(0, Math.min(1, value)) * 100 + '%';
          track.append(fill); cell.append(track); cell.setAttribute('aria-hidden', 'true');
          return cell;
        }
        function rows(id, lines) {
          $(id).replaceChildren(...lines.map(cells => { const line = element('tr'); line.append(...cells); return line; }));
        }
        const sum = values => values.reduce((total, value) => total + value, 0);

        function show(now) {
          set('pipeline', now.pipeline);
          document.title = now.pipeline + ' · Riffle';
          if (now.readiness.ready) status(now.phase === 'running' ? 'ready' : now.phase, true);
          else status(now.phase === 'not ready' ? 'not ready' : now.phase + ', not ready', false);
          $('reasons').replaceChildren(...now.readiness.reasons.map(reason => element('li', reason.text)));
          set('when', 'up ' + span(now.seconds) + (now.event_time ? ' · event time '
            + now.event_time.slice(0, 16).replace('T', ' ') : ''));
          const rates = history.map(point => point.rate), known = rates.filter(rate => rate !== null);
          set('rate', now.rate === null ? '–' : count.format(Math.round(now.rate)));
          line('g-rate', [rates]);
          set('n-rate', 'last ' + history.length + ' s, at most ' + count.format(Math.round(Math.max(0, ...known)))
            + '/s · ' + count.format(now.scored) + ' in all');
          set('p50', time(now.latency && now.latency.p50)); set('p99', time(now.latency && now.latency.p99));
          line('g-latency', [history.map(point => point.p50), history.map(point => point.p99)]);
          const slowest = Math.max(0, ...history.map(point => point.p99 ?? 0));
          set('n-latency', slowest ? '· at most ' + time(slowest) : '');
          showLanes(now); showScores(now); showDecisions(now); showDrift(now.drift);
          set('letters', count.format(now.dead_lettered));
          rows('t-letters', now.dead_letters.map(each =>
            [element('td', each.name), element('td', count.format(each.count), 'n')]));
          set('totals', count.format(now.consumed) + ' consumed, ' + count.format(now.late) + ' late');
        }
        function showLanes(now) {
          const known = now.lanes.filter(lane => lane.lag !== null);
          set('lag', known.length ? count.format(sum(known.map(lane => lane.lag))) : '–');
          const most = Math.max(1, ...known.map(lane => lane.lag));
          // Long names break at their dots.
          rows('lanes', now.lanes.map(lane => [element('td', lane.topic.replaceAll('.', '.\u200b') + ' ' + lane.partition),
            element('td', lane.lag === null ? '–' : count.format(lane.lag), 'n'),
            element('td', count.format(lane.in_flight), 'n'), meter((lane.lag ?? 0) / most)]));
        }
        function showDecisions(now) {
          const first = scores[0].decisions, ago = now.seconds - scores[0].seconds;
          let recent = now.decisions.map((each, index) => each.count - (first[index] ?? 0));
          if (sum(recent) === 0) recent = now.decisions.map(each => each.count);
          const all = Math.max(1, sum(recent));
          rows('decisions', now.decisions.map((each, index) => [element('td', each.name),
            element('td', count.format(each.count), 'n'), element('td', share(recent[index] / all), 'n'),
            meter(recent[index] / all)]));
          set('n-decisions', now.decisions.length === 0 ? 'The pipeline has no rules.'
            : 'events since the start, shares of the last ' + Math.max(1, Math.round(ago)) + ' s');
        }
        function showDrift(drift) {
          set('drift', drift.text);
          const newest = drift.alerts.slice(-8).reverse();
          $('alerts').replaceChildren(...newest.map(alert => {
            const open = alert.until === null, item = element('li', undefined, open ? 'open' : '');
            item.append(element('b', (open ? '▲ open: ' : '✓ over: ') + alert.series), element('span', alert.text),
              element('div', 'since ' + alert.since + (open ? '' : ', until ' + alert.until), 'note'));
            return item;
          }));
        }

        """#

    /// Pictures, as SVG.
    private static let charts = #"""
        function shape(name, attributes) {
          const made = document.createElementNS('http://www.w3.org/2000/svg', name);
          for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
          return made;
        }
        function line(id, series) {
          const top = Math.max(1e-9, ...series.flat().filter(value => value !== null)) * 1.08;
          const shapes = [shape('line', {class: 'base', x1: 0, y1: 60, x2: 300, y2: 60})];
          series.forEach((values, index) => {
            let path = '', up = false;
            values.forEach((value, place) => {
              if (value === null) { up = false; return; }
              const x = 300 - (values.length - 1 - place) * 300 / (kept - 1), y = 60 - value / top * 58;
              path += (up ? 'L' : 'M') + x.toFixed(1) + ' ' + y.toFixed(1); up = true;
            });
            shapes.push(shape('path', {class: 'l' + (index + 1), d: path}));
          });
          $(id).replaceChildren(...shapes);
        }
        // 0.01 % is the floor and 100 % the top.
        const height = value => value <= 0 ? 0 : Math.max(.02, 1 + Math.log10(Math.max(value, 1e-4)) / 4);
        function showScores(now) {
          if (!now.scores) return;
          const {edges, counts, reference} = now.scores;
          const first = scores[0], ago = now.seconds - first.seconds;
          let recent = counts.map((each, bin) => each - first.counts[bin]), label = 'last ' + Math.round(ago) + ' s';
          if (sum(recent) < 100) { recent = counts; label = 'since the start'; }
          const all = Math.max(1, sum(recent)), width = 400 / counts.length;
          const shapes = [shape('line', {class: 'base', x1: 0, y1: 120, x2: 400, y2: 120}),
            shape('line', {class: 'base', x1: 0, y1: 60, x2: 400, y2: 60})];
          recent.forEach((each, bin) => {
            const tall = height(each / all) * 118;
            shapes.push(shape('rect', {class: 'bar', x: bin * width + width * .08, width: width * .84, y: 120 - tall,
              height: tall}));
          });
          if (reference.length) {
            let path = '';
            reference.forEach((value, bin) => {
              const y = (120 - height(value) * 118).toFixed(1);
              path += (bin ? 'L' : 'M') + bin * width + ' ' + y + 'L' + (bin + 1) * width + ' ' + y;
            });
            // On a ground of its own, so that it can be told from bars without colours.
            shapes.push(shape('path', {class: 'halo', d: path}), shape('path', {class: 'ref', d: path}));
          }
          $('g-scores').replaceChildren(...shapes);
          $('k-reference').hidden = reference.length === 0;
          set('n-scores', label);
          $('x-scores').replaceChildren(...[0, .25, .5, .75, 1].map(part =>
            element('span', number(edges[0] + (edges[edges.length - 1] - edges[0]) * part, 3))));
          rows('t-scores', recent.map((each, bin) => [
            element('td', number(edges[bin], 3) + ' to ' + number(edges[bin + 1], 3)), element('td', share(each / all), 'n'),
            element('td', reference.length ? share(reference[bin]) : '–', 'n')]));
          const most = recent.indexOf(Math.max(...recent));
          $('g-scores').setAttribute('aria-label', 'Scores, ' + label + ': most lie between ' + number(edges[most], 3)
            + ' and ' + number(edges[most + 1], 3) + ', ' + share(recent[most] / all));
        }
        listen();

        """#
}
