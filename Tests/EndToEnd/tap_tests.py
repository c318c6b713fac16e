"""`riffle tap`: what comes out of a topic and in which form, what filters leave, and how it ends."""

import json
import signal
import subprocess

import pipeline_case
from pipeline_case import DEADLINE_SECONDS, PipelineCase


class TapTests(PipelineCase):
    PIPELINE = """
pipeline: small
kafka: {brokers: "localhost:9", group: small}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-s}
    fields: {id: string, card: string, amount: {type: decimal, scale: 2}, channel: string}
features:
  - {by: card, over: [1h], aggregates: {n: count()}}
  - amount: amount
decide: [{stop: n_1h > 2}, {look: amount > 50}, {go: true}]
output: {topic: scores, features: all, fields: [channel]}
dead_letter: {topic: dead}
monitor: {topic: alerts, reference: none.json}
"""

    EVENTS = [
        ("a", {"id": "1", "card": "a", "at": 1000, "amount": 10, "channel": "web"}),
        ("b", {"id": "2", "card": "b", "at": 1001, "amount": 99.5, "channel": "app"}),
        ("a", {"id": "3", "card": "a", "at": 1002, "amount": 20, "channel": "app"}),
        ("a", {"id": "4", "card": "a", "at": 1003, "amount": 30, "channel": "web"}),
        ("a", {"id": "5", "card": "a", "at": 1004, "amount": "x", "channel": "web"}),
        ("b", {"id": "6", "card": "b", "at": 1005, "channel": "web"}),
    ]

    def setUp(self):
        super().setUp()
        self.brokers = self.start_cluster()
        self.publish(self.brokers, "payments", [(key, json.dumps(event)) for key, event in self.EVENTS])
        self.riffle("run", self.pipeline, "--brokers", self.brokers, "--until-end", "--no-state")

    def tap(self, *options, status=0):
        result = self.command(pipeline_case.RIFFLE, "tap", self.pipeline, "--brokers", self.brokers, "--from",
                              "earliest", "--until-end", *options)  # fmt: skip
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout.splitlines() if status == 0 else result.stdout + result.stderr

    def ids(self, *options):
        return sorted(json.loads(line)["id"] for line in self.tap("--format", "json", *options))

    def test_records_come_untouched(self):
        lines = self.kcat("-b", self.brokers, "-C", "-t", "scores", "-e", "-q").splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(sorted(self.tap("--format", "json")), sorted(lines))
        # In a pipe that is what comes without being asked for.
        self.assertEqual(sorted(self.tap()), sorted(lines))

    def test_filters(self):
        for condition, wanted in [
            ("decision == 'stop'", ["4"]), ("amount > 15 and n_1h < 3", ["2", "3"]), ("features.amount == 99.5", ["2"]),
            ("channel == 'web'", ["1", "4"]), ("fields.channel != 'web'", ["2", "3"]), ("is_missing(score)", ["1", "2", "3", "4"]),
            ("score > 0", []), ("id in ['1', '3']", ["1", "3"]), ("hour(event_time) == 0", ["1", "2", "3", "4"]),
        ]:  # fmt: skip
            with self.subTest(condition=condition):
                self.assertEqual(self.ids("--where", condition), wanted)
        self.assertEqual(self.ids("--key", "b"), ["2"])
        self.assertEqual(len(self.ids("--limit", "3")), 3)
        self.assertEqual(self.ids("--key", "a", "--where", "amount < 25", "--limit", "1"), ["1"])
        self.assertEqual(self.ids("--from", "-10m"), ["1", "2", "3", "4"])
        said = self.tap("--where", "decison == 'stop'", status=2)
        self.assertIn('--where:1:1: error: ', said)
        self.assertIn('did you mean "decision"?', said)
        self.assertIn("names that it may read: id, decision, model, version, score, event_time", said)

    def test_lines_for_people(self):
        lines = sorted(self.tap("--format", "text"))
        self.assertEqual(lines[0], "1970-01-01T00:16:40Z  missing  go  1  key a  amount=10 n_1h=1")
        self.assertEqual(lines[3], "1970-01-01T00:16:43Z  missing  stop  4  key a  amount=30 n_1h=3")

    def test_dead_letters(self):
        found = {letter["code"]: letter for letter in map(json.loads, self.tap("--topic", "dead-letters"))}
        self.assertEqual(found.keys(), {"wrong-type", "field-missing"})
        self.assertEqual(json.loads(found["wrong-type"]["value"])["id"], "5")
        lines = self.tap("--topic", "dead-letters", "--format", "text", "--where", "code == 'field-missing'")
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r'payments/\d/\d+  field-missing  attempts 1  field "amount" is missing')
        self.assertEqual(self.tap("--topic", "dead-letters", "--where", "attempts > 1"), [])
        self.assertEqual(len(self.tap("--topic", "dead-letters", "--where", "topic == 'payments'")), 2)

    def test_alerts(self):
        alert = {"state": "firing", "severity": "critical", "series": "score", "startsAt": "2026-01-01T00:00:00Z",
                 "summary": "it moved\x1b[2J"}  # fmt: skip
        resolved = dict(alert, state="resolved", endsAt="2026-01-02T00:00:00Z")
        lines = [json.dumps(alert), json.dumps(resolved), "no JSON"]
        self.kcat("-b", self.brokers, "-P", "-t", "alerts", stdin="\n".join(lines) + "\n")
        self.assertEqual(sorted(self.tap("--topic", "alerts", "--format", "json")), sorted(lines))
        text = self.tap("--topic", "alerts", "--format", "text", "--where", "state == 'firing'")
        self.assertEqual(len(text), 1)
        self.assertRegex(text[0], r"^2026-01-01T00:00:00Z  firing  critical  score  it moved\S+2J$")
        self.assertNotIn("\x1b", text[0])

    def test_it_follows_and_ends_quietly(self):
        score = {"id": "9", "event_time": "2026-01-01T00:00:00Z", "score": 0.5, "reasons": [], "features": {}}
        process = subprocess.Popen([pipeline_case.RIFFLE, "tap", self.pipeline, "--brokers", self.brokers], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        self.addCleanup(process.kill)
        # It begins at the end, wherever that is when it has asked: it is written to until something arrives.
        reader = iter(process.stdout.readline, "")
        feeder = subprocess.Popen(
            ["sh", "-c", f"while true; do printf '%s\\n' '{json.dumps(score)}' | kcat -b {self.brokers} -P -t scores -k z; done"],
            stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            self.assertEqual(json.loads(next(reader)), score)
        finally:
            feeder.kill()
            feeder.wait()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE_SECONDS)
        self.assertEqual((process.returncode, said), (0, ""))

    def test_a_reader_that_goes_is_no_failure(self):
        result = self.command(
            "bash", "-c", f"set -o pipefail; '{pipeline_case.RIFFLE}' tap '{self.pipeline}' --brokers {self.brokers} "
            "--from earliest --until-end | head -1")  # fmt: skip
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(len(result.stdout.splitlines()), 1)

    def test_what_is_not_there(self):
        (self.folder / "other.yaml").write_text(self.PIPELINE.replace("topic: scores", "topic: nowhere").replace(
            "monitor: {topic: alerts, reference: none.json}\n", ""))  # fmt: skip
        arguments = ["tap", self.folder / "other.yaml", "--brokers", self.brokers, "--until-end"]
        self.assertIn('topic "nowhere" does not exist', self.riffle(*arguments, status=1))
        self.assertIn('has no "monitor"', self.riffle(*arguments, "--topic", "alerts", status=1))
