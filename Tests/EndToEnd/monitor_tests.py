"""`riffle baseline` and `riffle monitor` as people use them: over files, over topics, and killed again and again."""

import datetime
import json
import os
import random
import signal
import time
import unittest
import urllib.error
import urllib.request

import jsonschema
from confluent_kafka import Producer

from kill_processes import ROOT, wait_until
from metrics_tests import parse, total
from pipeline_case import PipelineCase

ROUNDS = int(os.environ.get("RIFFLE_MONITOR_KILLS", "12"))
SEED = int(os.environ.get("RIFFLE_MONITOR_SEED", random.randrange(1 << 32)))
PARTITIONS = 4
PIPELINE = """\
pipeline: watched
kafka: {brokers: "localhost:1", group: watched}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: iso8601}
    fields: {id: string, card: string, at: time, amount: float, risk: float, channel: string}
  labels:
    topic: labels
    time: {field: at, format: iso8601}
    available: {field: known, format: iso8601}
    fields: {id: string, fraud: {type: bool, label: true}}
features:
  - amount: amount
  - risk: risk
model: {name: anomaly, kind: half-space-trees}
decide:
  - block: score > 0.3
  - allow: true
output: {topic: scores, features: all, fields: [channel]}
dead_letter: {topic: letters}
monitor:
  topic: drift
  reference: reference.json
  false_alarms: 1 per 1_000_000 events
  segments: [channel]
  bucket: 5m
  resolve_after: 4_000
  idle_after: 60s
  runbook_url: https://example.org/drift
state: {directory: "STATE", snapshot_every: 500 events}
"""


def scores(seed, count, planted=None, start=0, until=None):
    """Score records, two a second; from `start` to `until` a feature is moved."""
    draw = random.Random(seed)
    for number in range(count):
        moved = planted is not None and start <= number < (until or count)
        shared = draw.gauss(0, 1)
        risk = 0.6 * shared + draw.gauss(0, 0.8) + (0.6 if moved and planted == "risk" else 0)
        amount = 0.6 * shared + draw.gauss(0, 0.8) + (0.6 if moved and planted == "amount" else 0)
        score = round(min(1, max(0, 0.1 + 0.05 * risk + 0.03 * amount + draw.gauss(0, 0.02))), 3)
        second = number // 2
        clock = f"2025-01-{1 + second // 86_400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        yield {
            "id": str(number), "pipeline": "watched", "model": "anomaly", "version": "sha256:0123456789abcdef",
            "event_time": clock + (".5Z" if number % 2 else "Z"), "score": score,
            "decision": "block" if score > 0.2 else "allow", "reasons": [],
            "features": {"amount": round(amount, 4), "risk": round(risk, 4)},
            "fields": {"channel": draw.choices(["web", "pos", "atm"], [6, 3, 1])[0]}}  # fmt: skip


def lines(records):
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def time_of(text):
    return datetime.datetime.fromisoformat(text)


def labels(seed, records, missed=(0, 0)):
    """What became of scores, an hour or two later; from `missed` on fraud is such that no score shows it."""
    draw = random.Random(seed)
    known = []
    for number, record in enumerate(records):
        hidden = missed[0] <= number < missed[1]
        fraud = draw.random() < (0.3 if hidden else 4 * record["score"] ** 2)
        if draw.random() < 0.1:
            continue
        at = time_of(record["event_time"])
        later = at + datetime.timedelta(seconds=3600 + draw.randrange(3600))
        known.append({"id": record["id"], "at": record["event_time"],
                      "known": later.isoformat().replace("+00:00", "Z"), "fraud": fraud})  # fmt: skip
    return sorted(known, key=lambda label: time_of(label["known"]))


class MonitorTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        history = self.folder / "history.ndjson"
        history.write_text(lines(scores(1, 40_000)))
        self.baseline = self.riffle("baseline", self.pipeline, "--input", history)
        schema = json.loads((ROOT / "schemas/alert.v1.schema.json").read_text())
        self.schema = jsonschema.Draft202012Validator(schema)

    def states(self):
        return {path.name for path in (self.folder / "state").glob("*.monitor")}

    def write(self, name, records):
        path = self.folder / name
        path.write_text(lines(records))
        return path

    def watch(self, path, *options):
        """What is told of a file, as CloudEvents."""
        alerts = self.folder / "alerts.ndjson"
        said = self.riffle("monitor", self.pipeline, "--input", path, "--output", alerts, *options)
        return [json.loads(line) for line in alerts.read_text().splitlines()], said

    def test_a_reference_says_what_it_is_of_and_is_not_replaced_in_silence(self):
        self.assertIn("40000", self.baseline.replace(",", "").replace("_", ""))
        reference = json.loads((self.folder / "reference.json").read_text())
        self.assertIn("score{channel=web}", reference["content"]["series"])
        other = self.write("other.ndjson", scores(2, 20_000))
        before = (self.folder / "reference.json").read_bytes()
        said = self.riffle("baseline", self.pipeline, "--input", other, status=2)
        self.assertIn("--replace", said)
        self.assertEqual((self.folder / "reference.json").read_bytes(), before)

    def test_what_is_planted_is_told_by_the_schema_and_ends(self):
        path = self.write("moved.ndjson", scores(3, 60_000, "risk", 15_000, 30_000))
        alerts, said = self.watch(path)
        self.assertTrue(alerts, said)
        for alert in alerts:
            self.schema.validate(alert["data"])
            self.assertEqual((alert["specversion"], alert["type"]), ("1.0", "drift.alert.v1"))
            self.assertEqual(alert["data"]["runbook_url"], "https://example.org/drift")
        first = alerts[0]
        named = [first["subject"]] + [cause["series"] for cause in first["data"]["causes"]]
        self.assertEqual([name for name in named if name in ("risk", "amount")][0], "risk")
        states = [alert["data"]["state"] for alert in alerts if alert["subject"] == "score"]
        self.assertEqual((states[0], states[-1]), ("firing", "resolved"))
        self.assertEqual(len({alert["id"] for alert in alerts}), len(alerts))

    def test_a_rate_that_falls_is_told_by_the_schema_and_ends(self):
        self.pipeline.write_text(PIPELINE.replace("STATE", str(self.folder / "state")).replace(
            "  bucket: 5m\n", "  bucket: 5m\n  rate: {below: 1_000 per 10m}\n  freshness: 20m\n  lag: 30s\n"))
        records = list(scores(6, 20_000))
        # Half an hour without any.
        path = self.write("pause.ndjson", records[:8_000] + records[11_600:])
        alerts, said = self.watch(path)
        self.assertIn("not asked of files", said)
        self.assertIn("monitor.freshness, monitor.lag", said)
        self.assertEqual([(alert["subject"], alert["data"]["state"]) for alert in alerts],
                         [("rate.below", "firing"), ("rate.below", "resolved")])  # fmt: skip
        for alert in alerts:
            self.schema.validate(alert["data"])
        self.assertLess(alerts[0]["data"]["evidence"]["value"], 1_000)
        self.assertIn("0 alerts", self.riffle("monitor", self.pipeline, "--calibrate", path))

    def test_scores_that_stay_away_are_told_once_and_their_return_too(self):
        """The monitor is killed while an alert is open, and loses its state."""
        self.pipeline.write_text(PIPELINE.replace("STATE", str(self.folder / "state")).replace(
            "  bucket: 5m\n", "  bucket: 5m\n  freshness: 2s\n"))
        brokers = self.start("cluster", "--topic", f"scores:{PARTITIONS}", "--topic", "drift:1",
                             "--topic", "drift.closings:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        producer = Producer({"bootstrap.servers": brokers})

        def send(records):
            for record in records:
                producer.produce("scores", json.dumps(record), partition=int(record["id"]) % PARTITIONS)
            producer.flush()

        def told():
            text = self.kcat("-b", brokers, "-C", "-e", "-J", "-q", "-t", "drift")
            return [json.loads(line) for line in text.splitlines()]

        records = list(scores(7, 200))
        send(records[:100])
        options = ("--brokers", brokers, "-X", "fetch.wait.max.ms=20")
        monitor = self.start("monitor", self.pipeline, *options)
        monitor.wait_for("alert firing")
        self.assertEqual(monitor.end(signal.SIGKILL), -signal.SIGKILL)
        monitor = self.start("monitor", self.pipeline, *options, "--no-state")
        monitor.wait_for("no state")
        send(records[100:])
        monitor.wait_for("alert resolved")
        monitor.wait_for("alert firing")
        self.assertEqual(monitor.end(signal.SIGTERM), 0)
        values = [json.loads(record["payload"]) for record in told()]
        for value in values:
            self.schema.validate(value)
        self.assertEqual([value["state"] for value in values], ["firing", "resolved", "firing"])
        self.assertEqual({value["series"] for value in values}, {"freshness"})
        self.assertEqual(values[0]["startsAt"], values[1]["startsAt"])
        self.assertGreater(values[2]["startsAt"], values[1]["endsAt"])

    def test_dead_letters_are_watched_over_files_and_over_topics_alike(self):
        def letters(count, share, more=None, start=0, until=0):
            """Of the events of `scores`, those that are refused; one of a hundred is of another pipeline."""
            draw = random.Random(9)
            for record in scores(1, count):
                number = int(record["id"])
                if draw.random() < (more if start <= number < until else share):
                    topic = "payments" if draw.random() < 0.99 else "other"
                    yield {"origin": f"{topic}/0/{number}", "timestamp": record["event_time"], "time": record["event_time"],
                           "code": "invalid-json"}  # fmt: skip

        usual = self.write("usual.ndjson", letters(40_000, 0.004))
        self.riffle("baseline", self.pipeline, "--input", self.folder / "history.ndjson", "--dead-letters", usual, "--replace")
        reference = json.loads((self.folder / "reference.json").read_text())
        self.assertIn("dead_letters", reference["content"]["series"])
        records = list(scores(8, 30_000))
        refused = list(letters(30_000, 0.004, 0.03, 12_000, 18_000))
        path = self.write("scores.ndjson", records)
        alerts, _ = self.watch(path, "--dead-letters", self.write("refused.ndjson", refused))
        self.assertEqual([alert["subject"] for alert in alerts if alert["data"]["state"] == "firing"][0], "dead_letters")
        for alert in alerts:
            self.schema.validate(alert["data"])
        quiet, _ = self.watch(path)
        self.assertEqual(quiet, [], "without dead letters there is nothing to tell")

        brokers = self.start("cluster", "--topic", "scores:2", "--topic", "letters:2", "--topic", "drift:1",
                             "--topic", "drift.closings:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        producer = Producer({"bootstrap.servers": brokers})
        for record in records:
            producer.produce("scores", json.dumps(record), partition=int(record["id"]) % 2)
            producer.poll(0)
        for letter in refused:
            at = datetime.datetime.fromisoformat(letter["timestamp"].replace("Z", "+00:00"))
            headers = {"riffle-origin": letter["origin"], "riffle-timestamp": str(round(at.timestamp() * 1_000))}
            producer.produce("letters", b"{", partition=len(letter["origin"]) % 2, headers=headers)
            producer.poll(0)
        producer.flush()
        self.riffle("monitor", self.pipeline, "--brokers", brokers, "--until-end", "-X", "fetch.wait.max.ms=20")
        told = self.kcat("-b", brokers, "-C", "-e", "-J", "-q", "-t", "drift").splitlines()
        headers = [json.loads(line)["headers"] for line in told]
        self.assertEqual([dict(zip(header[::2], header[1::2]))["ce_id"] for header in headers],
                         [alert["id"] for alert in alerts])  # fmt: skip
        said = self.riffle("baseline", self.pipeline, "--from-topic", "--brokers", brokers, "-o", self.folder / "other.json")
        self.assertIn(f"{sum(letter['origin'].startswith('payments/') for letter in refused)} dead letters of events of payments", said)

    def test_a_running_monitor_says_how_it_stands(self):
        brokers = self.start("cluster", "--topic", f"scores:{PARTITIONS}", "--topic", "drift:1",
                             "--topic", "drift.closings:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        records = list(scores(3, 20_000, "risk", 8_000)) + [{"id": "x"}]
        producer = Producer({"bootstrap.servers": brokers})
        for number, record in enumerate(records):
            producer.produce("scores", json.dumps(record), partition=number % PARTITIONS)
            producer.poll(0)
        producer.flush()
        file = self.folder / "monitor.prom"
        monitor = self.start("monitor", self.pipeline, "--brokers", brokers, "-X", "fetch.wait.max.ms=20", "--http", "127.0.0.1:0",
                             "--metrics-file", file, "--metrics-every", "100ms")  # fmt: skip
        url = monitor.wait_for(r"report, health and metrics at (http://\S+)/").group(1)

        def ask(path):
            try:
                with urllib.request.urlopen(url + path, timeout=30) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        def counted():
            samples = parse(ask("/metrics")[1])
            return samples if total(samples, "riffle_monitor_records_total") == len(records) else None

        samples = wait_until(lambda: ask("/metrics"), counted)
        self.assertEqual(ask("/readyz")[0], 200)
        self.assertEqual(ask("/livez")[0], 200)
        self.assertEqual(ask("/v1/score")[0], 404, "a monitor scores nothing")
        wait_until(lambda: ask("/"), lambda: ask("/")[0] == 200)
        self.assertIn("watched, drift report", ask("/")[1])
        self.assertEqual(total(samples, "riffle_monitor_records_refused_total", reason="unreadable"), 1)
        wait_until(file.read_text, lambda: total(parse(file.read_text()), "riffle_monitor_lag_offsets") == 0)
        told = [json.loads(line) for line in self.kcat("-b", brokers, "-C", "-e", "-q", "-t", "drift").splitlines()]
        self.assertTrue(told)
        self.assertEqual(monitor.end(signal.SIGTERM), 0, monitor.text())
        samples = parse(file.read_text())
        self.assertEqual(total(samples, "riffle_drift_alerts_total"), len(told))
        active = {labels["series"] for labels, value in samples["riffle_drift_alert_active"] if value and not labels["segment"]}
        self.assertIn("risk", active)
        self.assertGreaterEqual(total(samples, "riffle_monitor_states_saved_total"), 1)
        for name, series in samples.items():
            for labels, _ in series:
                self.assertEqual(labels["pipeline"], "watched", name)
        said = self.riffle("monitor", self.pipeline, "--input", "x.csv", "--http", "127.0.0.1:0", status=2)
        self.assertIn("--http and --metrics-file are of Kafka", said)

    def test_a_quiet_time_is_quiet_and_is_counted_against_the_budget(self):
        path = self.write("quiet.ndjson", scores(4, 50_000))
        windows = self.folder / "windows.ndjson"
        alerts, _ = self.watch(path, "--windows", windows)
        self.assertEqual(alerts, [])
        described = [json.loads(line) for line in windows.read_text().splitlines()]
        of_score = [window for window in described if window["series"] == "score"]
        self.assertEqual(sum(window["events"] for window in of_score), 50_000)
        self.assertLess(max(window["statistics"]["ks"] for window in of_score), 0.1)
        said = self.riffle("monitor", self.pipeline, "--calibrate", path)
        self.assertIn("0 alerts", said)
        self.assertIn("false alarms per 1,000,000 scores: 0", said)

    def test_what_is_no_score_and_what_is_no_reference_are_told(self):
        path = self.write("broken.ndjson", scores(5, 100))
        path.write_text(path.read_text() + '{"pipeline":"watched","score":0.5}\n{"score":\n')
        _, said = self.watch(path)
        self.assertIn("2 lines are no scores", said)
        self.assertIn("broken.ndjson:101: field \"event_time\" is missing", said)
        reference = self.folder / "reference.json"
        text = reference.read_text()
        place = text.index('"missing":') + len('"missing":')
        reference.write_text(text[:place] + "1" + text[place:])
        said = self.riffle("monitor", self.pipeline, "--input", path, status=2)
        self.assertIn("changed after it was made", said)
        reference.unlink()
        said = self.riffle("monitor", self.pipeline, "--input", path, status=2)
        self.assertIn("riffle baseline", said)

    def test_a_monitor_that_is_killed_tells_the_same_and_nothing_twice(self):
        """Scores keep coming; the monitor is killed at random moments, between them and in its snapshots."""
        print(f"monitor kills: seed {SEED}")
        draw = random.Random(SEED)
        brokers = self.start("cluster", "--topic", f"scores:{PARTITIONS}", "--topic", "drift:1",
                             "--topic", "drift.closings:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        records = list(scores(SEED, 40_000, "risk", 8_000, 18_000))
        producer = Producer({"bootstrap.servers": brokers, "partitioner": "murmur2_random"})
        each = len(records) // (ROUNDS + 1)
        cuts = [each * (number + 1) - draw.randrange(each // 2) for number in range(ROUNDS)] + [len(records)]
        place = restored = 0
        for number, cut in enumerate(cuts):
            for record in records[place:cut]:
                producer.produce("scores", json.dumps(record), partition=int(record["id"]) % PARTITIONS)
                producer.poll(0)
            producer.flush()
            place = cut
            if cut == len(records):
                break
            monitor = self.start("monitor", self.pipeline, "--brokers", brokers, "-X", "fetch.wait.max.ms=20")
            restored += "restored" in monitor.wait_for("no state|state restored").group()
            if number % 2 == 0:
                # Every other one lives until it has saved what is new.
                known = self.states()
                wait_until("a new state", lambda: self.states() - known)
            time.sleep(draw.uniform(0, 0.8))
            self.assertEqual(monitor.end(signal.SIGKILL), -signal.SIGKILL)
        self.assertGreaterEqual(restored, ROUNDS - 1, "a state that was saved was not taken up")
        before = self.kcat("-b", brokers, "-C", "-e", "-q", "-t", "drift").splitlines()
        self.assertTrue(before, "no kill came after an alert")
        self.riffle("monitor", self.pipeline, "--brokers", brokers, "--until-end", "-X", "fetch.wait.max.ms=20")
        told = [json.loads(line) for line in self.kcat("-b", brokers, "-C", "-e", "-J", "-q", "-t", "drift").splitlines()]
        path = self.write("all.ndjson", records)
        expected, _ = self.watch(path)
        headers = [dict(zip(record["headers"][::2], record["headers"][1::2])) for record in told]
        self.assertEqual([header["ce_id"] for header in headers], [alert["id"] for alert in expected])
        self.assertIn("firing", [alert["data"]["state"] for alert in expected])
        for record, header, alert in zip(told, headers, expected):
            data = json.loads(record["payload"])
            self.schema.validate(data)
            self.assertEqual(record["key"], data["fingerprint"])
            self.assertEqual((header["ce_specversion"], header["ce_type"]), ("1.0", "drift.alert.v1"))
            self.assertEqual(header["ce_subject"], data["series"])
            # A file's lines have other offsets than a topic's partitions.
            data["window"].pop("offsets")
            alert["data"]["window"].pop("offsets")
            self.assertEqual(data, alert["data"])


class LabelledMonitorTests(PipelineCase):
    maxDiff = None
    PIPELINE = PIPELINE.replace(
        "state: {dir", "  labels: {source: labels, within: 3h, window: 1h, card: card, topic: performance}\nstate: {dir"
    ).replace("fields: [channel]}", "fields: [channel, card]}")

    def setUp(self):
        super().setUp()
        records = list(scores(1, 40_000))
        (self.folder / "history.ndjson").write_text(lines(records))
        (self.folder / "known.ndjson").write_text(lines(labels(2, records)))
        self.riffle("baseline", self.pipeline, "--input", self.folder / "history.ndjson",
                    "--labels", self.folder / "known.ndjson")  # fmt: skip
        schema = json.loads((ROOT / "schemas/performance.v1.schema.json").read_text())
        self.schema = jsonschema.Draft202012Validator(schema)
        self.records = list(scores(3, 40_000))
        for number, record in enumerate(self.records):
            record["fields"]["card"] = f"card-{number % 700}"
        self.known = labels(4, self.records, (12_000, 24_000))

    def watch(self):
        """Alerts and windows, over files."""
        paths = {name: self.folder / f"{name}.ndjson" for name in ("scores", "labels", "alerts", "windows")}
        paths["scores"].write_text(lines(self.records))
        paths["labels"].write_text(lines(self.known))
        said = self.riffle("monitor", self.pipeline, "--input", paths["scores"], "--labels", paths["labels"],
                           "--output", paths["alerts"], "--performance", paths["windows"])  # fmt: skip
        self.assertIn(f"{len(self.known)} labels, {len(self.known)} joined", said)
        return [[json.loads(line) for line in paths[name].read_text().splitlines()] for name in ("alerts", "windows")]

    def test_windows_are_what_a_recount_says_and_what_labels_show_is_told(self):
        alerts, windows = self.watch()
        fired = {alert["subject"] for alert in alerts if alert["data"]["state"] == "firing"}
        self.assertIn("recall(block)", fired)
        self.assertLessEqual(fired, {"recall(block)", "precision(block)", "positives"})
        fraud = {label["id"]: label["fraud"] for label in self.known}
        measured = [window["data"] for window in windows if window["type"] == "drift.performance.v1"]
        self.assertEqual(sum(window["performance"]["events"] for window in measured), len(self.records))
        for window in windows:
            self.schema.validate(window["data"])
        for window in measured:
            inside = [record for record in self.records
                      if time_of(window["from"]) <= time_of(record["event_time"]) < time_of(window["to"])]  # fmt: skip
            pairs = [(record, fraud[record["id"]]) for record in inside if record["id"] in fraud]
            total = window["performance"]
            self.assertEqual((total["events"], total["labelled"]), (len(inside), len(pairs)))
            blocked = [found for record, found in pairs if record["decision"] == "block"]
            positives = sum(found for _, found in pairs)
            self.assertEqual(total["positives"], positives)
            self.assertAlmostEqual(total["decisions"]["block"]["precision"], sum(blocked) / len(blocked), 12)
            self.assertAlmostEqual(total["decisions"]["block"]["recall"], sum(blocked) / positives, 12)
            wins = sum((one["score"] > two["score"]) + (one["score"] == two["score"]) / 2
                       for one, good in pairs if good for two, bad in pairs[::7] if not bad)  # fmt: skip
            compared = positives * sum(not bad for _, bad in pairs[::7])
            # A seventh of the pairs: near enough to tell a wrong measure from a right one.
            self.assertAlmostEqual(total["roc_auc"], wins / compared, 1)
            self.assertIn("card_precision", total)

    def test_over_kafka_the_same_is_told_once_whatever_is_killed(self):
        # The embedded cluster keeps about 5 MiB a partition.
        brokers = self.start(
            "cluster", "--topic", f"scores:{PARTITIONS}", "--topic", f"labels:{PARTITIONS}", "--topic", "drift:1", "--topic",
            "drift.closings:1", "--topic", "performance:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        producer = Producer({"bootstrap.servers": brokers})
        cuts = [9_000, 18_000, 27_000, len(self.records)]
        place = {"scores": 0, "labels": 0}
        for cut in cuts:
            until = self.records[cut - 1]["event_time"]
            count = cut if cut == len(self.records) else sum(label["known"] <= until for label in self.known)
            for topic, rows, end in (("scores", self.records, cut), ("labels", self.known, count)):
                if cut == len(self.records):
                    end = len(rows)
                for row in rows[place[topic]:end]:
                    producer.produce(topic, json.dumps(row), partition=int(row["id"]) % PARTITIONS)
                    producer.poll(0)
                place[topic] = end
            producer.flush()
            if cut == len(self.records):
                break
            monitor = self.start("monitor", self.pipeline, "--brokers", brokers, "-X", "fetch.wait.max.ms=20")
            monitor.wait_for("no state|state restored")
            known = {path.name for path in (self.folder / "state").glob("*.monitor")}
            wait_until("a new state", lambda: {path.name for path in (self.folder / "state").glob("*.monitor")} - known)
            self.assertEqual(monitor.end(signal.SIGKILL), -signal.SIGKILL)
        self.riffle("monitor", self.pipeline, "--brokers", brokers, "--until-end", "-X", "fetch.wait.max.ms=20")
        alerts, windows = self.watch()
        for topic, expected in (("drift", alerts), ("performance", windows)):
            told = [json.loads(line)
                    for line in self.kcat("-b", brokers, "-C", "-e", "-J", "-q", "-t", topic).splitlines()]  # fmt: skip
            headers = [dict(zip(record["headers"][::2], record["headers"][1::2])) for record in told]
            # Scores and labels each have their order; which of them come first does not matter.
            self.assertEqual(sorted(header["ce_id"] for header in headers), sorted(event["id"] for event in expected))
            by_id = {event["id"]: event for event in expected}
            for record, header in zip(told, headers):
                data = json.loads(record["payload"])
                event = by_id[header["ce_id"]]
                for side in (data, event["data"]):
                    side.get("window", {}).pop("offsets", None)
                self.assertEqual(data, event["data"], header)
                self.assertEqual(header["ce_type"], event["type"])


if __name__ == "__main__":
    unittest.main()
