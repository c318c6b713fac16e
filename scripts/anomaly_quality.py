#!/usr/bin/env python3
"""How well models without labels find anomalies: isolation forests, Riffle beside scikit-learn in the same run.

    make release && python3 scripts/anomaly_quality.py                # scikit-learn is left out where it is not installed
    python3 scripts/anomaly_quality.py --riffle .build/release/riffle --seeds 5 --no-handbook

The data lie beside the project (../shared, or RIFFLE_SHARED) and are no part of it: the script says so and ends where they
are absent. On shuttle, mammography and smtp a forest is trained and scored on all rows, as the published figures were
(ADBench); on the card-fraud data of the Fraud Detection Handbook it is trained on days 115 to 121 and tested on days 129
to 135. Everything goes through commands: train, model predict, replay. Exit codes: 0 fine, 1 a figure is off by more than
.01, 2 usage.
"""

import argparse
import csv
import gzip
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import handbook

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("RIFFLE_SHARED", ROOT.parent / "shared"))
# ROC AUC as published, and of scikit-learn's forests on all rows.
PUBLISHED = {"shuttle": (0.996, 0.997), "mammography": (0.864, 0.861), "smtp": (0.897, 0.905)}
TOLERANCE = 0.01
# ROC AUC, average precision, card precision@100 of a forest without labels.
HANDBOOK = (0.8258, 0.2612, 0.2386)
HANDBOOK_PIPELINE = ROOT / "pipelines/card-fraud/replay-labelled.yaml"
TRAIN_FROM, TRAIN_TO = "2018-07-25", "2018-08-01"


class Quality:
    def __init__(self, options, folder):
        self.riffle = str(Path(options.riffle).resolve())
        self.seeds = range(1, options.seeds + 1)
        self.folder = Path(folder)
        self.is_fine = True

    def run(self, *arguments):
        result = subprocess.run([self.riffle, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"anomaly_quality: riffle {arguments[0]}: {result.stderr.strip()}")
        return result.stdout

    # --- tables ---

    def table(self, name):
        """The inputs as a table of their own, and the labels."""
        with gzip.open(SHARED / "data/anomaly" / f"{name}.csv.gz", "rt", newline="") as file:
            rows = list(csv.reader(file))
        path = self.folder / f"{name}.csv"
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows(row[:-1] for row in rows)
        return path, [row[-1] == "1" for row in rows[1:]]

    def isolation_forest(self, table, labels):
        model, output = self.folder / "model.json", self.folder / "out.csv"
        for seed in self.seeds:
            self.run("train", "isolation-forest", "--table", table, "--seed", seed, "-o", model, "--replace")
            self.run("model", "predict", model, "--input", table, "-o", output)
            with open(output) as file:
                next(file)
                yield handbook.roc_auc([float(line) for line in file], labels)

    def library(self, table, labels):
        try:
            import numpy
            from sklearn.ensemble import IsolationForest
        except ImportError:
            return
        rows = numpy.loadtxt(table, delimiter=",", skiprows=1)
        for seed in self.seeds:
            scores = -IsolationForest(random_state=seed).fit(rows).score_samples(rows)
            yield handbook.roc_auc(scores.tolist(), labels)

    def tables(self):
        print(f"ROC AUC, mean of {len(self.seeds)} seeds (least to greatest)")
        print("| | Riffle, isolation forest | scikit-learn | published, scikit-learn |")
        print("| --- | --- | --- | --- |")
        for name, published in PUBLISHED.items():
            table, labels = self.table(name)
            figures = list(self.isolation_forest(table, labels))
            distance = min(abs(sum(figures) / len(figures) - figure) for figure in published)
            self.is_fine &= distance <= TOLERANCE
            cells = [text(figures), text(list(self.library(table, labels))),
                     " ".join(f"{figure:.3f}" for figure in published)]  # fmt: skip
            print(f"| {name} | {' | '.join(cells)} |" + ("" if distance <= TOLERANCE else "  off"), flush=True)

    # --- the card-fraud protocol ---

    def handbook(self):
        transactions = SHARED / "data/handbook/transactions_days_78_135.csv.gz"
        events, model, rows = (self.folder / name for name in ["events.ndjson", "model.json", "rows.csv"])
        convert = [sys.executable, ROOT / "scripts/handbook.py", "convert", transactions, events]
        subprocess.run([str(part) for part in convert], check=True, stdout=subprocess.DEVNULL)
        figures = []
        for seed in self.seeds:
            self.run("train", "isolation-forest", HANDBOOK_PIPELINE, "--input", events, "--from", TRAIN_FROM,
                     "--to", TRAIN_TO, "--seed", seed, "-o", model, "--replace")  # fmt: skip
            self.run("replay", HANDBOOK_PIPELINE, "--model", model, "--input", events, "-o", rows)
            measured = subprocess.run(
                [sys.executable, str(ROOT / "scripts/handbook.py"), "metrics", str(transactions), str(rows)],
                capture_output=True, text=True, check=True).stdout  # fmt: skip
            figures.append([float(figure) for figure in re.findall(r"\S+$", measured, re.MULTILINE)[-3:]])
        print("\nCard fraud without labels: ROC AUC, average precision, card precision@100")
        print("Riffle     " + ", ".join(text(list(column)) for column in zip(*figures)))
        print("reference  " + ", ".join(f"{figure:.4f}" for figure in HANDBOOK))


def text(figures):
    if not figures:
        return "-"
    spread = f" ({min(figures):.4f} to {max(figures):.4f})" if len(figures) > 1 else ""
    return f"{sum(figures) / len(figures):.4f}{spread}"


def main():
    parser = argparse.ArgumentParser(description="How well models without labels find anomalies.")
    parser.add_argument("--riffle", default=str(ROOT / ".build/release/riffle"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-handbook", action="store_true", help="leave the card-fraud protocol out")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error("--seeds is at least 1")
    if not (SHARED / "data/anomaly").is_dir():
        print(f"anomaly_quality: skipped, {SHARED}/data/anomaly is absent (the data are no part of the project)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        quality = Quality(options, folder)
        quality.tables()
        if not options.no_handbook and (SHARED / "data/handbook").is_dir():
            quality.handbook()
    return 0 if quality.is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
