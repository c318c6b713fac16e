#!/usr/bin/python3
"""Riffle from outside: its commands as a user types them, and kcat as somebody else's Kafka client.

    Tests/EndToEnd/run.py --riffle .build/debug/riffle

Needs kcat, jq, openssl, python3-jsonschema, python3-yaml and python3-confluent-kafka (Debian's packages; `make setup-test` installs them).
"""

import argparse
import csv
import gzip
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import pipeline_case

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = "pipelines/card-fraud/pipeline.yaml"
LABELLED = "pipelines/card-fraud/replay-labelled.yaml"
RIFFLE = None
DEADLINE_SECONDS = 60

EVENTS = [
    {"transaction_id": 1, "tx_datetime": "2025-03-01T08:00:00Z", "customer_id": "7", "terminal_id": "9",
     "tx_amount": 12.50},
    {"transaction_id": 2, "tx_datetime": "2025-03-01T08:05:00Z", "customer_id": "7", "terminal_id": "9",
     "tx_amount": 900.00},
    {"transaction_id": 3, "tx_datetime": "2025-03-01T08:06:00+01:00", "customer_id": "8", "terminal_id": "9",
     "tx_amount": 3.99},
]  # fmt: skip
LABELS = [
    {"transaction_id": 0, "terminal_id": "9", "tx_datetime": "2025-02-20T08:00:00Z",
     "labelled_at": "2025-02-26T08:00:00Z", "tx_fraud": True},
]  # fmt: skip
BAD_EVENTS = [
    ('{"transaction_id":4,"tx_datetime":"2025-03-01T08:07:00Z","customer_id":"7"', "invalid-json"),
    ('{"transaction_id":5,"tx_datetime":"2025-03-01T08:07:00Z","customer_id":"7","terminal_id":"9"}', "field-missing"),
    ('{"transaction_id":6,"tx_datetime":"yesterday","customer_id":"7","terminal_id":"9","tx_amount":1}', "invalid-time"),
]  # fmt: skip


def run(*arguments, stdin=None, timeout=DEADLINE_SECONDS, environment=None):
    """A command from the project's root, to its end."""
    return subprocess.run(
        [str(argument) for argument in arguments], cwd=ROOT, input=stdin, capture_output=True, text=True,
        timeout=timeout, env=environment)


class Service:
    """`riffle run` on its own embedded cluster."""

    def __init__(self, pipeline, *options):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [RIFFLE, "run", str(pipeline), *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=self.log)
        self.brokers = self.wait_for(r"embedded cluster at (\S+)").group(1)

    def text(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def wait_for(self, pattern):
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            found = re.search(pattern, self.text())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} in the log:\n{self.text()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(DEADLINE_SECONDS)
        return status, self.text()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def publish(brokers, lines, *options, topic="card.transactions"):
    """Publishes `key|value` lines to a topic, each to its key's partition as Java's clients would."""
    text = "".join(f"{key}|{value}\n" for key, value in lines)
    result = run("kcat", "-b", brokers, "-P", "-t", topic, "-K", "|", "-X", "partitioner=murmur2_random",
                 *options, stdin=text)  # fmt: skip
    if result.returncode != 0:
        raise AssertionError(result.stderr)


def read(brokers, topic, count):
    """The first `count` records of a topic, as kcat's JSON envelopes."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        result = run("kcat", "-b", brokers, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J")
        records = [json.loads(line) for line in result.stdout.splitlines()]
        if len(records) >= count:
            return records
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(records)} of {count} records in {topic}: {result.stderr}")
        time.sleep(0.2)


def headers(record):
    flat = record.get("headers", [])
    return dict(zip(flat[0::2], flat[1::2]))


class CheckTests(unittest.TestCase):
    def test_the_shipped_pipeline_is_fine(self):
        for pipeline in [PIPELINE, LABELLED]:
            result = run(RIFFLE, "check", pipeline)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("is fine", result.stdout)
            self.assertIn("transactions: topic card.transactions, scored\n", result.stdout)
            labels = "labels: topic card.labels, enters windows, is not scored; ordered by labelled_at\n"
            self.assertEqual(labels in result.stdout, pipeline == PIPELINE)

    def test_five_mistakes_are_each_answered_with_place_code_and_suggestion(self):
        # Of the two, in the one whose events carry their labels a delay is needed.
        text = (ROOT / LABELLED).read_text()
        mistakes = [
            ("mean(tx_amount)", "maen(tx_amount)", "unknown-aggregate", 'did you mean "mean"?'),
            ("    delay: 7d\n", "", "label-leakage", "delay"),
            ("features: none", "feature: none", "unknown-key", 'did you mean "features"?'),
            ("by: customer_id", "by: custmer_id", "unknown-field", 'did you mean "customer_id"?'),
            ("score >= 0.5", 'score >= "0.5"', "type-mismatch", ""),
        ]
        for old, new, code, suggestion in mistakes:
            with self.subTest(code=code), tempfile.TemporaryDirectory() as folder:
                self.assertIn(old, text)
                path = Path(folder) / "broken.yaml"
                model = ROOT / "pipelines/card-fraud/models/card-fraud.json"
                broken = text.replace("models/card-fraud.json", str(model)).replace(old, new)
                path.write_text(broken)
                result = run(RIFFLE, "check", path)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, rf"broken\.yaml:\d+:\d+: error: .*\[{code}\]")
                self.assertIn("^", result.stderr)
                self.assertIn(suggestion, result.stderr)

    def test_a_missing_file_and_a_bad_option_have_their_status(self):
        self.assertEqual(run(RIFFLE, "check", "no/such.yaml").returncode, 2)
        misspelt = run(RIFFLE, "replay", "pipelines/card_fraud/pipline.yaml", "-i", "a.csv", "-o", "b.csv")
        self.assertEqual(misspelt.returncode, 2)
        self.assertIn(f'did you mean "{PIPELINE}"?', misspelt.stderr)
        self.assertEqual(run(RIFFLE, "run", PIPELINE, "--for", "30").returncode, 2)
        self.assertEqual(run(RIFFLE, "run", PIPELINE, "--brokers", "127.0.0.1:1", "--until-end").returncode, 1)


class RunTests(unittest.TestCase):
    def setUp(self):
        self.service = Service(PIPELINE)
        self.addCleanup(self.service.kill)

    def test_scores_and_dead_letters_reach_kcat_and_equal_a_replay(self):
        brokers = self.service.brokers
        publish(brokers, [(label["terminal_id"], json.dumps(label)) for label in LABELS], topic="card.labels")
        lines = [(event["customer_id"], json.dumps(event)) for event in EVENTS]
        publish(brokers, lines, "-H", "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        publish(brokers, [("7", text) for text, _ in BAD_EVENTS], "-H", "shop=12")
        scores = read(brokers, "card.scores", len(EVENTS))
        letters = read(brokers, "card.dead-letter", len(BAD_EVENTS))
        status, log = self.service.stop()
        self.assertEqual(status, 0, log)
        self.assertIn("7 events", log)
        self.assertIn("3 scored, 1 absorbed, 3 dead-lettered", log)
        self.check_scores(scores)
        self.check_dead_letters(letters)

    def check_scores(self, scores):
        payload = "\n".join(record["payload"] for record in scores) + "\n"
        result = run("/usr/bin/python3", "scripts/check_records.py", "schemas/score.v1.schema.json", stdin=payload)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        with tempfile.TemporaryDirectory() as folder:
            inputs = []
            for name, rows in [("transactions", EVENTS), ("labels", LABELS)]:
                source = Path(folder) / f"{name}.ndjson"
                source.write_text("".join(json.dumps(row) + "\n" for row in rows))
                inputs += ["--input", f"{name}={source}"]
            target = Path(folder) / "scores.csv"
            result = run(RIFFLE, "replay", PIPELINE, *inputs, "--output", target)
            self.assertEqual(result.returncode, 0, result.stderr)
            replayed = {row["transaction_id"]: row for row in csv.DictReader(target.open())}
        self.assertEqual({row["terminal_risk_30d"] for row in replayed.values()}, {"1"})
        self.assertEqual(len(scores), len(EVENTS))
        for record in scores:
            score = json.loads(record["payload"])
            self.assertEqual(json.dumps(score["score"]), json.dumps(float(replayed[score["id"]]["score"])))
            self.assertEqual(score["decision"], replayed[score["id"]]["decision"])
            self.check_reasons(score)
            event = next(event for event in EVENTS if str(event["transaction_id"]) == score["id"])
            self.assertEqual(record["key"], event["customer_id"])
            found = headers(record)
            self.assertRegex(found["riffle-origin"], r"^card\.transactions/\d+/\d+$")
            self.assertRegex(found["riffle-plan"], r"^[0-9a-f]{16}$")
            self.assertEqual(found["riffle-model"], score["version"])
            self.assertTrue(found["traceparent"].startswith("00-0af7651916cd43dd"))

    def check_reasons(self, score):
        """What is flagged says why: what raised the score, the strongest first."""
        if score["score"] < 0.5:
            self.assertEqual(score["reasons"], [])
            return
        contributions = [reason["contribution"] for reason in score["reasons"]]
        self.assertTrue(1 <= len(contributions) <= 3, score)
        self.assertEqual(contributions, sorted(contributions, reverse=True))
        self.assertGreater(contributions[-1], 0)

    def check_dead_letters(self, letters):
        payload = "\n".join(json.dumps(letter) for letter in letters) + "\n"
        result = run("/usr/bin/python3", "scripts/check_records.py", "schemas/dead-letter.v1.schema.json", stdin=payload)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual([headers(letter)["riffle-error-code"] for letter in letters], [code for _, code in BAD_EVENTS])
        self.assertEqual([letter["payload"] for letter in letters], [text for text, _ in BAD_EVENTS])
        for letter in letters:
            self.assertEqual(headers(letter)["riffle-attempts"], "1")
            self.assertEqual(headers(letter)["shop"], "12")
            self.assertNotIn("yesterday", headers(letter)["riffle-error"])

    def test_dead_letters_are_listed_and_put_back(self):
        brokers = self.service.brokers
        publish(brokers, [("7", text) for text, _ in BAD_EVENTS], "-H", "shop=12")
        first = read(brokers, "card.dead-letter", len(BAD_EVENTS))

        result = run(RIFFLE, "dead-letter", "list", PIPELINE, "--brokers", brokers, "--format", "json", "--payload")
        self.assertEqual(result.returncode, 0, result.stderr)
        letters = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([letter["code"] for letter in letters], [code for _, code in BAD_EVENTS])
        self.assertEqual([letter["value"] for letter in letters], [text for text, _ in BAD_EVENTS])
        self.assertEqual([letter["attempts"] for letter in letters], [1, 1, 1])
        self.assertIn("3 dead letters; go on with --after 0:2", result.stderr)
        result = run(RIFFLE, "dead-letter", "list", PIPELINE, "--brokers", brokers, "--code", "invalid-time")
        self.assertNotIn("yesterday", result.stdout)
        self.assertIn(headers(first[2])["riffle-origin"], result.stdout)

        chosen = ["--brokers", brokers, "--code", "invalid-time", "--code", "field-missing"]
        result = run(RIFFLE, "dead-letter", "replay", PIPELINE, *chosen, "--dry-run")
        self.assertIn("2 would go back, 0 left", result.stderr)
        result = run(RIFFLE, "dead-letter", "replay", PIPELINE, *chosen)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 put back, 0 left; go on with --after 0:2", result.stderr)
        again = read(brokers, "card.dead-letter", 5)[3:]
        for before, after in zip(first[1:], again):
            self.assertEqual(headers(after)["riffle-attempts"], "2")
            self.assertEqual(headers(after)["shop"], "12")
            for key in ["payload", "key"]:
                self.assertEqual(after[key], before[key])
            for name in ["riffle-error-code", "riffle-timestamp"]:
                self.assertEqual(headers(after)[name], headers(before)[name])
            old, new = (headers(letter)["riffle-origin"].split("/") for letter in [before, after])
            self.assertEqual(old[:2], new[:2])
            self.assertLess(int(old[2]), int(new[2]))
        result = run(RIFFLE, "dead-letter", "replay", PIPELINE, *chosen, "--after", "0:2", "--attempts-max", "2")
        self.assertIn("0 put back, 2 left", result.stderr)
        self.assertIn("tried 2 times", result.stdout)

    def test_generate_joins_from_another_process(self):
        result = run(RIFFLE, "generate", PIPELINE, "--brokers", self.service.brokers, "--events", "2000", "--days", "30",
                     "--label-delay", "1h")  # fmt: skip
        self.assertEqual(result.returncode, 0, result.stderr)
        labels = int(re.search(r"(\d+) labels", result.stderr).group(1))
        self.assertGreater(labels, 1000)
        scores = read(self.service.brokers, "card.scores", 2000)
        self.assertEqual(len(scores), 2000)
        self.assertEqual(len({headers(record)["riffle-origin"] for record in scores}), 2000)
        status, log = self.service.stop()
        self.assertEqual(status, 0, log)
        self.assertIn(f"2000 scored, {labels} absorbed", log)


class ReplayTests(unittest.TestCase):
    def test_the_sample_replays_and_gives_metrics(self):
        with tempfile.TemporaryDirectory() as folder:
            sample = "pipelines/card-fraud/sample.csv.gz"
            labels = "labels=pipelines/card-fraud/sample-labels.csv.gz"
            written = []
            for pipeline, inputs in [
                (PIPELINE, ["--input", f"transactions={sample}", "--input", labels]),
                (LABELLED, ["--input", sample]),
            ]:
                target = Path(folder) / "features.csv.gz"
                result = run(
                    RIFFLE, "replay", pipeline, *inputs, "--output", target, "--metrics", "tx_fraud", "--metrics-key",
                    "customer_id")  # fmt: skip
                self.assertEqual(result.returncode, 0, result.stderr)
                figures = dict(line.split() for line in result.stdout.splitlines() if len(line.split()) == 2)
                self.assertGreater(float(figures["roc_auc"]), 0.85)
                written.append(gzip.decompress(target.read_bytes()).decode())
            # Labels that come within the windows' delay say the same, wherever they come from.
            self.assertEqual(written[0], written[1])
            rows = list(csv.DictReader(written[0].splitlines()))
            self.assertEqual(len(rows), 59558)
            self.assertEqual(list(rows[0])[-2:], ["score", "decision"])
            self.assertGreater(sum(float(row["terminal_risk_30d"]) > 0 for row in rows), 500)


class CopierTests(unittest.TestCase):
    """The program that benches measure against does what it claims, or their ratios mean nothing."""

    def test_every_record_is_copied_whole_in_both_modes(self):
        service = Service(PIPELINE)
        self.addCleanup(service.kill)
        with tempfile.TemporaryDirectory() as folder:
            copier = Path(folder) / "copier"
            source = ROOT / "scripts/copier/copier.c"
            built = run("cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Werror", "-o", copier, source, "-lrdkafka")
            self.assertEqual(built.returncode, 0, built.stderr)
            lines = "".join(f"k{number % 7}|value {number}\n" for number in range(3000))
            for text, options in [(lines, ["-H", "trace=1", "-H", "trace=2"]), ("alone|\n", ["-Z"])]:
                result = run("kcat", "-b", service.brokers, "-P", "-t", "copy.from", "-K", "|", *options, stdin=text)
                self.assertEqual(result.returncode, 0, result.stderr)
            wanted = sorted(read(service.brokers, "copy.from", 3001), key=lambda record: (record["partition"], record["offset"]))
            self.assertEqual([record["key"] for record in wanted if record["payload"] is None], ["alone"])
            for target, options in [("copy.plain", []), ("copy.transactions", ["--transactions", "100"])]:
                with self.subTest(target=target):
                    self.copy(copier, service.brokers, target, options, wanted)

    def copy(self, copier, brokers, target, options, wanted):
        process = subprocess.Popen(
            [copier, "--brokers", brokers, "--from", "copy.from", "--to", target, "--group", target, *options],
            stderr=subprocess.PIPE, text=True)  # fmt: skip
        try:
            records = read(brokers, target, len(wanted))
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
        self.assertEqual(process.returncode, 0, log)
        self.assertIn(f"copied {len(wanted)} records", log)
        records.sort(key=lambda record: (record["partition"], record["offset"]))
        for before, after in zip(wanted, records, strict=True):
            for name in ["partition", "key", "payload", "ts", "headers"]:
                self.assertEqual(before.get(name), after.get(name))


class DemoTests(unittest.TestCase):
    def test_it_ends_by_itself_with_a_summary(self):
        result = run(RIFFLE, "demo", "--for", "8s", timeout=180)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\d scored  \d[\d,]* labels")
        self.assertRegex(result.stdout, r"\n[\d,]+ events in .* scored, .* dead-lettered, ")


def main():
    global RIFFLE
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--riffle", required=True)
    options = parser.parse_args()
    RIFFLE = str(Path(options.riffle).resolve())
    os.environ.pop("RIFFLE_BROKERS", None)
    pipeline_case.RIFFLE = RIFFLE
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    # What kills for minutes comes last.
    names = sorted((path.stem for path in Path(__file__).parent.glob("*_tests.py")), key=lambda name: (name == "kill_tests", name))
    for name in names:
        module = importlib.import_module(name)
        if hasattr(module, "RIFFLE"):
            module.RIFFLE = RIFFLE
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
