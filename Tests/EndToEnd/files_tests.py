"""What replay, train and predict say of files that are odd: a wrong time, windows that fill, columns of other things."""

import csv

from pipeline_case import PipelineCase

EVENTS = 400
PIPELINE = """\
pipeline: rides
kafka: {brokers: embedded, group: rides}
sources:
  trips:
    topic: trips
    key: bike
    id: trip
    time: {field: at, format: iso8601}
    fields: {trip: int, bike: string, plan: string, minutes: float}
features:
  - minutes: minutes
  - {by: bike, over: [1d], aggregates: {rides: count()}}
model: {name: odd, file: odd.json}
decide:
  - inspect: score >= 0.6
  - fine: true
output: {topic: scores, fields: [plan]}
dead_letter: {topic: letters}
"""


class FilesTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.rows = [
            [number, f"2026-05-{1 + number // 24:02}T{number % 24:02}:00:00Z", f"b{number % 5}",
             'day, "old"' if number % 3 else "member", 5 + number % 37 / 2] for number in range(EVENTS)
        ]  # fmt: skip
        self.clean = self.write("clean.csv", self.rows)

    def write(self, name, rows):
        path = self.folder / name
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([["trip", "at", "bike", "plan", "minutes"], *rows])
        return path

    def table(self, path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def train(self, *options, status=0):
        return self.riffle("train", "isolation-forest", self.pipeline, "--trees", "20", "-o", self.folder / "odd.json",
                           *options, status=status)  # fmt: skip

    def replay(self, events, name, *options, status=0):
        return self.riffle("replay", self.pipeline, "-i", events, "-o", self.folder / name, *options, status=status)

    def test_one_absurd_time_poisons_nothing(self):
        self.train("-i", self.clean)
        wrong = self.rows[:50] + [[9000, "2099-01-01T00:00:00Z", "b1", "day", 7]] + self.rows[50:]
        poisoned = self.write("poisoned.csv", wrong)
        self.assertNotIn("caution", self.replay(self.clean, "clean-rows.csv"))
        text = self.replay(poisoned, "rows.csv")
        self.assertIn("line 52: time-ahead:", text)
        self.assertIn("401 rows read, 400 scored, 1 faults, 0 late", text)
        self.assertEqual((self.folder / "rows.csv").read_bytes(), (self.folder / "clean-rows.csv").read_bytes())
        # Where that is the present it is no fault, and the rows behind it are late: replay and train say so.
        for said in [self.replay(poisoned, "late.csv", "--now", "2099-01-01"),
                     self.train("-i", poisoned, "--now", "2099-01-01", "--replace")]:  # fmt: skip
            self.assertIn("caution: 350 of 401 rows are late", said)
            self.assertRegex(said, r"poisoned.csv line 52, of 2099-01-01T00:00:00Z, made 350 of them late")
        # In 1999 all of them lie in the future.
        self.assertIn("401 faults", self.replay(poisoned, "none.csv", "--now", "1999-01-01"))
        self.assertIn("--now is of a file", self.riffle(
            "replay", self.pipeline, "--from-topics", "--now", "2099-01-01", "-o", self.folder / "x.csv", status=2))  # fmt: skip
        said = self.riffle("explain", self.pipeline, "-i", poisoned, "--id", "9000")
        self.assertIn("time-ahead", said)

    def test_rows_of_a_replay_are_explained(self):
        self.train("-i", self.clean)
        self.replay(self.clean, "rows.csv")
        rows = self.table(self.folder / "rows.csv")
        why = self.folder / "why.csv"
        said = self.riffle("model", "predict", self.folder / "odd.json", "-i", self.folder / "rows.csv", "-o", why,
                           "--contributions", "--raw", "--keep", "fields.plan,decision")  # fmt: skip
        self.assertIn("passed over, no inputs of the model: event_time, score", said)
        self.assertIn(f"{EVENTS} rows predicted", said)
        found = self.table(why)
        self.assertEqual(list(found[0]), ["trip", "fields.plan", "decision", "raw0", "pred0", "contrib0", "contrib1",
                                          "contrib2"])  # fmt: skip
        for row, one in zip(rows, found, strict=True):
            self.assertEqual([row["trip"], row["fields.plan"], row["decision"], row["score"]],
                             [one["trip"], one["fields.plan"], one["decision"], one["pred0"]])  # fmt: skip
            parts = sum(float(one[f"contrib{number}"]) for number in range(3))
            self.assertAlmostEqual(parts, float(one["raw0"]), 12)
        self.assertIn('has no column "colour"', self.riffle(
            "model", "predict", self.folder / "odd.json", "-i", self.folder / "rows.csv", "-o", why, "--keep", "colour",
            status=1))  # fmt: skip

    def test_windows_that_fill_and_rows_that_are_not_there(self):
        note = "rows of the first 1d see windows that are not full yet: --from 2026-05-02T00:00:00Z leaves them out"
        self.assertIn(note, self.train("-i", self.clean))
        self.assertIn(note, self.replay(self.clean, "rows.csv"))
        self.assertNotIn("not full", self.replay(self.clean, "rows.csv", "--from", "2026-05-02T00:00:00Z"))
        full = [int(row["rides_1d"]) for row in self.table(self.folder / "rows.csv")]
        self.assertEqual((len(full), min(full), max(full)), (EVENTS - 24, 5, 5))
        self.assertIn("the events' times are from 2026-05-01T00:00:00Z to 2026-05-17T15:00:00Z",
                      self.replay(self.clean, "rows.csv", "--from", "2026-06-01"))  # fmt: skip
        self.assertIn("there are no events in", self.replay(self.write("empty.csv", []), "rows.csv"))
        self.assertIn('there is no source "trip": did you mean "trips"?',
                      self.replay(f"trip={self.clean}", "rows.csv", status=2))  # fmt: skip

    def test_a_model_is_not_replaced_in_silence(self):
        self.train("-i", self.clean)
        before = (self.folder / "odd.json").read_bytes()
        said = self.train("-i", self.clean, "--seed", "5", status=2)
        self.assertRegex(said, r"odd.json is there, version sha256:[0-9a-f]{16}: --replace puts the new model in its place")
        self.assertEqual((self.folder / "odd.json").read_bytes(), before)
        self.train("-i", self.clean, "--seed", "5", "--replace")
        self.assertNotEqual((self.folder / "odd.json").read_bytes(), before)
