"""`riffle drift`: files of numbers in, statistics and alarm positions out."""

import gzip
import json
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

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
            (["detect", "adwim", good], 2, "there are adwin, page-hinkley"),
            (["detect", "adwin", good, "-p", "detla=1"], 2, "it has delta, clock"),
            (["detect", "adwin", good, "-p", "delta=2"], 2, "may be 1e-300 to 1.0"),
            (["detect", "ddm", good], 1, "a.txt:2: 2.0, where ddm takes 0 and 1"),
        ]:
            with self.subTest(arguments=arguments):
                result = self.riffle(*arguments)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(message, result.stderr)
                self.assertEqual(result.stdout, "")
