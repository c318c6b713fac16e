"""`riffle drift`: files and topics of numbers in, statistics and alarm positions out; and drifts that are planted."""

import csv
import gzip
import json
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

from confluent_kafka import Producer

from kill_processes import ROOT, Process

RIFFLE = None
DEADLINE_SECONDS = 60


class DriftTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        numbers = random.Random(5)
        self.before = [round(numbers.betavariate(0.5, 20), 3) for _ in range(3000)]
        self.after = [round(numbers.betavariate(0.5, 8), 3) for _ in range(1000)]

    def riffle(self, *arguments, stdin=None):
        return subprocess.run(
            [RIFFLE, "drift", *map(str, arguments)], input=stdin, capture_output=True, text=True,
            timeout=DEADLINE_SECONDS)  # fmt: skip

    def lines(self, name, values):
        path = self.folder / name
        path.write_text("".join(f"{value}\n" for value in values))
        return path

    def compare(self, *arguments, stdin=None):
        result = self.riffle("compare", *arguments, "--format", "json", stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_the_same_numbers_in_every_form_compare_the_same(self):
        before, after = self.lines("a.txt", self.before), self.lines("b.txt", self.after)
        wanted = self.compare(before, after)
        rows = {row["name"]: row for row in wanted["statistics"]}
        self.assertTrue(rows["ks"]["differs"])
        self.assertEqual(rows["ks"]["parameters"]["method"], "exact")
        self.assertEqual(wanted["reference"]["count"], 3000)
        table = self.folder / "b.csv.gz"
        with gzip.open(table, "wt") as out:
            out.write("id,\"the score\"\n")
            for place, value in enumerate(self.after):
                out.write(f"{place},{value}\n")
        records = self.folder / "a.ndjson"
        with records.open("w") as out:
            for value in self.before:
                out.write(json.dumps({"features": {"the score": value}, "the score": value}) + "\n")
        found = self.compare(records, table, "--column", "the score")
        self.assertEqual(found["statistics"], wanted["statistics"])
        from_pipe = self.compare(before, "-", stdin="".join(f"{value}\n" for value in self.after))
        self.assertEqual(from_pipe["statistics"], wanted["statistics"])

    def test_the_table_names_what_was_asked_for(self):
        before, after = self.lines("a.txt", self.before), self.lines("b.txt", self.after)
        result = self.riffle("compare", before, after, "--statistic", "psi", "--statistic", "ks")
        self.assertEqual(result.returncode, 0, result.stderr)
        names = [line.split()[0] for line in result.stdout.splitlines()[4:]]
        self.assertEqual(names, ["ks", "psi"])

    def test_alarms_are_positions(self):
        stream = self.lines("s.txt", [0.0] * 500 + [1.0] * 500)
        result = self.riffle("detect", "page-hinkley", stream, "--param", "threshold=5")
        self.assertEqual(result.returncode, 0, result.stderr)
        alarms = [int(line) for line in result.stdout.split()]
        self.assertEqual(len(alarms), 1)
        self.assertTrue(500 <= alarms[0] < 520, alarms)
        whole = self.riffle("detect", "page-hinkley", stream, "-p", "threshold=5", "--format", "json")
        self.assertEqual(json.loads(whole.stdout)["alarms"], alarms)
        self.assertEqual(json.loads(whole.stdout)["values"], 1000)

    def test_what_is_wrong_is_said(self):
        good, bad = self.lines("a.txt", [1, 2, 3]), self.lines("bad.txt", [1, "x", 3])
        for arguments, status, message in [
            (["compare", good, bad], 1, "bad.txt:2: \"x\" is no number"),
            (["compare", good, self.folder / "none.txt"], 1, "none.txt: cannot be read: no such file"),
            (["compare", good, good, "--statistic", "kss"], 2, "there are ks, ad, cvm"),
            (["compare", good, good, "--alpha", "1"], 2, "expected above 0 and below 1"),
            (["compare", "-", "-"], 2, "only one of the two can be standard input"),
            (["compare", good, "topic:scores"], 2, "say where its cluster is, with --brokers or --pipeline"),
            (["compare", good, "topic:scores@july..", "--brokers", "x"], 2, "\"july\" is neither an offset nor a time"),
            (["detect", "adwim", good], 2, "there are esr, adwin, page-hinkley"),
            (["detect", "esr", good], 2, "esr needs a reference"),
            (["detect", "esr", good, "-p", "reference=" + str(bad)], 1, "bad.txt:2: \"x\" is no number"),
            (["detect", "adwin", good, "-p", "detla=1"], 2, "it has delta, clock"),
            (["detect", "adwin", good, "-p", "delta=2"], 2, "may be 1e-300 to 1.0"),
            (["detect", "ddm", good], 1, "a.txt:2: 2.0, where ddm takes 0 and 1"),
        ]:
            with self.subTest(arguments=arguments):
                result = self.riffle(*arguments)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stdout, "")

    def test_the_deciding_detector_runs_over_numbers(self):
        numbers = random.Random(6)
        later = [round(numbers.betavariate(0.5, 20), 3) for _ in range(2000)]
        reference, stream = self.lines("july.txt", self.before), self.lines("august.txt", later + self.after)
        arguments = ["detect", "esr", stream, "-p", f"reference={reference}", "-p", "false_alarms=100_000"]
        result = self.riffle(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        alarms = [int(line) for line in result.stdout.split()]
        self.assertTrue(2000 <= alarms[0] < 2500, alarms)
        found = json.loads(self.riffle(*arguments, "--format", "json").stdout)
        self.assertEqual(found["alarms"], alarms)
        self.assertEqual(found["changes"][0]["direction"], "up")
        self.assertTrue(1900 <= found["changes"][0]["since"] <= 2200, found["changes"][0])

    def test_pieces_of_a_topic_compare_as_files_do(self):
        cluster = Process(RIFFLE, "cluster", "--topic", "scores:2")
        self.addCleanup(cluster.close)
        brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        producer = Producer({"bootstrap.servers": brokers})
        day = 86_400_000
        for values, start in [(self.before, 20_000 * day), (self.after, 20_001 * day)]:
            for place, value in enumerate(values):
                producer.produce(
                    "scores", json.dumps({"score": value}), partition=place % 2, timestamp=start + place)  # fmt: skip
        self.assertEqual(producer.flush(DEADLINE_SECONDS), 0)
        before, after = self.lines("a.txt", self.before), self.lines("b.txt", self.after)
        wanted = self.compare(before, after)["statistics"]
        options = ["--column", "score", "--brokers", brokers]
        for arguments in [
            # 2024-10-04 is day 20,000.
            ["topic:scores@..2024-10-05", "topic:scores@2024-10-05..2024-10-06T00:00:00Z"],
            ["topic:scores@0..1500", "topic:scores@1500.."],
        ]:
            self.assertEqual(self.compare(*arguments, *options)["statistics"], wanted)
        result = self.riffle("compare", "topic:scores", "topic:others", *options)
        self.assertEqual(result.returncode, 1)
        self.assertIn("topic \"others\" does not exist", result.stderr)


class PlantedDriftTests(unittest.TestCase):
    PIPELINE = "pipelines/card-fraud/replay-labelled.yaml"

    def generate(self, output, *arguments):
        return subprocess.run(
            [RIFFLE, "generate", self.PIPELINE, "--output", output, "--days", "6", "--customers", "50",
             "--terminals", "80", *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_SECONDS)  # fmt: skip

    def test_a_drift_begins_on_its_day(self):
        with tempfile.TemporaryDirectory() as folder:
            tables = []
            for name, arguments in [("plain", []), ("mean", ["--drift", "amount-mean@3-4", "--drift", "stop@5"])]:
                path = Path(folder) / f"{name}.csv"
                result = self.generate(path, *arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                tables.append(list(csv.DictReader(path.open())))
            plain, mean = tables
            self.assertTrue(len(mean) < len(plain))
            for before, after in zip(plain, mean):
                day = int(before["tx_datetime"][8:10]) - 1
                self.assertLess(day, 5)
                if float(before["tx_amount"]) < 1:
                    continue
                raised = float(after["tx_amount"]) / float(before["tx_amount"])
                self.assertAlmostEqual(raised, 1.3 if day >= 3 else 1, delta=0.03 if day >= 3 else 0)
            self.assertEqual(plain[len(mean)]["tx_datetime"][:10], "2025-01-06")

    def test_what_cannot_be_planted_is_said(self):
        for drift, message in [
            ("amount-maen", "there is no drift \"amount-maen\"; there are amount-mean"),
            ("stop@9", "begins on day 9, but there are 6 days"),
            ("stop@3-1", "the last day is before the first"),
            ("unseen-channel@3", "needs a source that reads a field \"channel\" as text"),
        ]:
            with self.subTest(drift=drift):
                result = self.generate("-", "--drift", drift)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stdout, "")
