"""An isolation forest from a pipeline whose model is not there yet, to its scores; files, tables and replay agree."""

import csv
import gzip
import json
import random

from pipeline_case import PipelineCase

PAYMENTS = 900
PIPELINE = """\
pipeline: odd-payments
kafka: {brokers: embedded, group: odd}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-ms}
    fields:
      id: int
      card: string
      amount: {type: decimal, scale: 2}
      distance: {type: float, optional: true}
features:
  - amount: amount
  - distance: distance
  - {by: card, over: [1h], aggregates: {card_count: count(), card_mean: mean(amount)}}
  - ratio: amount / card_mean_1h
model: {name: odd, file: odd.json, inputs: [amount, card_count_1h, distance, ratio], missing: -1}
decide:
  - review: score >= 0.6
  - allow: true
output: {topic: scores}
dead_letter: {topic: letters}
"""
INPUTS = "amount,card_count_1h,distance,ratio"


class TrainTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        draw = random.Random(11)
        self.history = self.folder / "history.csv.gz"
        self.model = self.folder / "odd.json"
        at = 1_709_251_200_000
        with gzip.open(self.history, "wt", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "card", "at", "amount", "distance"])
            for number in range(PAYMENTS):
                at += 1 + draw.randrange(60_000)
                amount = "9000.00" if number == 700 else f"{draw.randrange(500, 6_000) / 100:.2f}"
                distance = "" if number % 9 == 0 else "-1" if number % 9 == 1 else f"{draw.gauss(10, 3):.4f}"
                writer.writerow([number, f"card-{draw.randrange(20)}", at, amount, distance])

    def train(self, output, *options, status=0):
        return self.riffle("train", "isolation-forest", self.pipeline, "--input", self.history, "-o", output, *options,
                           status=status)  # fmt: skip

    def rows(self):
        target = self.folder / "rows.csv"
        self.riffle("replay", self.pipeline, "--input", self.history, "-o", target)
        with open(target) as lines:
            return list(csv.DictReader(lines))

    def test_a_pipeline_trains_its_model_and_scores_with_it(self):
        self.assertIn("model-unreadable", self.riffle("check", self.pipeline, status=2))
        text = self.train(self.model)
        self.assertIn(f"trained on {PAYMENTS} rows of 4 inputs: 100 trees of 256 rows", text)
        self.assertIn(f"riffle check {self.pipeline}", text)
        self.assertIn("isolation-forest, 4 inputs", self.riffle("check", self.pipeline))
        with open(self.model) as file:
            self.assertEqual(json.load(file)["inputs"], INPUTS.split(","))
        rows = self.rows()
        scores = {int(row["id"]): float(row["score"]) for row in rows}
        self.assertEqual(len(scores), PAYMENTS)
        self.assertTrue(all(0 < score < 1 for score in scores.values()))
        self.assertEqual(max(scores, key=scores.get), 700)
        self.assertEqual([row["id"] for row in rows if float(row["score"]) >= 0.6],
                         [row["id"] for row in rows if row["decision"] == "review"])  # fmt: skip

        # The features that replay wrote, as a table: the same forest and the same scores. -1 is missing there, too.
        table = self.folder / "features.csv"
        with open(table, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(INPUTS.split(","))
            for row in rows:
                writer.writerow(["" if row[name] == "-1" else row[name] for name in INPUTS.split(",")])
        again, predicted = self.folder / "again.json", self.folder / "predicted.csv"
        self.riffle("train", "isolation-forest", "--table", table, "-o", again)
        self.assertEqual(again.read_bytes(), self.model.read_bytes())
        self.riffle("model", "predict", again, "--input", table, "-o", predicted, "--raw", "--contributions")
        with open(predicted) as lines:
            for row, found in zip(rows, csv.DictReader(lines), strict=True):
                self.assertEqual(row["score"], found["pred0"])
                parts = sum(float(found[f"contrib{number}"]) for number in range(5))
                self.assertAlmostEqual(parts, float(found["raw0"]), 12)

    def test_workers_and_seeds(self):
        first, second = self.folder / "1.json", self.folder / "2.json"
        self.train(first, "--workers", "1", "--trees", "20", "--sample", "64", "--seed", "3")
        self.train(second, "--workers", "2", "--trees", "20", "--sample", "64", "--seed", "3")
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.train(second, "--trees", "20", "--sample", "64", "--seed", "4", "--replace")
        self.assertNotEqual(first.read_bytes(), second.read_bytes())

    def test_mistakes_are_answered(self):
        text = self.train(self.model, "--features", "amonut", status=2)
        self.assertIn('the pipeline has no feature "amonut": did you mean "amount"?', text)
        self.assertIn("1 to 10000", self.train(self.model, "--trees", "0", status=2))
        self.assertIn("no rows to train on", self.train(self.model, "--from", "2030-01-01", status=1))
        self.assertIn("expected --input", self.riffle("train", "isolation-forest", self.pipeline, "-o", self.model,
                                                      status=2))  # fmt: skip
        self.assertIn("need a pipeline", self.riffle(
            "train", "isolation-forest", "--table", self.history, "--from", "2030-01-01", "-o", self.model,
            status=2))  # fmt: skip
        self.assertIn('has no column "colour"', self.riffle(
            "train", "isolation-forest", "--table", self.history, "--features", "colour", "-o", self.model,
            status=2))  # fmt: skip
        left = sorted(path.name for path in self.folder.iterdir())
        self.assertEqual(left, ["history.csv.gz", "pipeline.yaml"])
