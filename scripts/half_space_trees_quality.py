#!/usr/bin/env python3
"""Half-space trees over labelled streams: Riffle beside River, in file order.

    python3 -m venv venv && venv/bin/pip install river scikit-learn
    venv/bin/python scripts/half_space_trees_quality.py RIFFLE DATA [--seeds 3] [--river-rows 20000]

RIFFLE is the program, DATA a folder with NAME.csv.gz files whose columns are x0.. and y (1: an anomaly). Riffle reads
the inputs as they are, as a pipeline that `riffle replay` runs; River gets them scaled by the least and the greatest of
the whole file, which a stream does not know beforehand. Labels are used for ROC AUC alone. Rows before the first
reference count as the least anomalous, as River has them.
"""
import argparse
import csv
import gzip
import pathlib
import subprocess
import tempfile
import time

TREES, HEIGHT, WINDOW = 25, 15, 250

PIPELINE = """pipeline: quality
kafka: {{brokers: embedded}}
sources:
  rows:
    topic: rows
    format: json
    key: number
    id: number
    time: {{field: at, format: epoch-ms}}
    fields:
      number: int
{fields}
features:
{features}
model:
  name: trees
  kind: half-space-trees
  trees: {trees}
  height: {height}
  window: {window}
  seed: {seed}
output: {{topic: scores}}
dead_letter: {{topic: dead-letter}}
"""


def read(path):
    with gzip.open(path, "rt") as file:
        rows = list(csv.reader(file))
    return rows[0][:-1], [row[:-1] for row in rows[1:]], [int(float(row[-1])) for row in rows[1:]]


def riffle(program, folder, names, rows, seed):
    """The scores, and the seconds that the whole replay took."""
    pipeline = folder / "pipeline.yaml"
    pipeline.write_text(PIPELINE.format(
        fields="\n".join(f"      {name}: float" for name in names),
        features="\n".join(f"  - in_{name}: {name}" for name in names),
        trees=TREES, height=HEIGHT, window=WINDOW, seed=seed))
    events = folder / "events.csv"
    with events.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "at", *names])
        writer.writerows([number, 1_700_000_000_000 + number, *row] for number, row in enumerate(rows))
    scores = folder / "scores.csv"
    start = time.perf_counter()
    subprocess.run(
        [program, "replay", str(pipeline), "--input", str(events), "--output", str(scores)], check=True,
        stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with scores.open() as file:
        found = [row["score"] for row in csv.DictReader(file)]
    return [float(score) if score not in ("", "null") else -1.0 for score in found], seconds


def river(rows, seed, count):
    """River's scores of the first `count` rows, and the seconds that they took."""
    from river import anomaly

    columns = [[float(value) for value in column] for column in zip(*rows)]
    lows = [min(column) for column in columns]
    widths = [max(column) - low or 1 for column, low in zip(columns, lows)]
    events = [
        {index: (float(value) - low) / width for index, (value, low, width) in enumerate(zip(row, lows, widths))}
        for row in rows[:count]
    ]
    model = anomaly.HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=seed)
    start = time.perf_counter()
    scores = []
    for event in events:
        scores.append(model.score_one(event))
        model.learn_one(event)
    return scores, time.perf_counter() - start


def main():
    from sklearn.metrics import roc_auc_score

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("riffle")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--river-rows", type=int, default=1 << 40, help="River takes minutes for a whole file")
    options = parser.parse_args()
    print(f"{TREES} trees, height {HEIGHT}, window {WINDOW}; ROC AUC over the whole file, events a second")
    for path in sorted(options.data.glob("*.csv.gz")):
        names, rows, labels = read(path)
        for seed in range(1, options.seeds + 1):
            with tempfile.TemporaryDirectory() as folder:
                riffle_scores, seconds = riffle(options.riffle, pathlib.Path(folder), names, rows, seed)
            auc = roc_auc_score(labels, riffle_scores)
            line = f"{path.name[:-7]:12} seed {seed}  riffle {auc:.4f} {len(rows) / seconds:.0f}/s"
            count = min(len(rows), options.river_rows)
            if count:
                scores, seconds = river(rows, seed, count)
                own = labels[:count]
                if 0 < sum(own) < count:
                    beside = f"{roc_auc_score(own, scores):.4f}, riffle {roc_auc_score(own, riffle_scores[:count]):.4f}"
                else:
                    beside = "none, no anomaly"
                line += f"  over {count} rows river {beside}; {count / seconds:.0f}/s"
            print(line, flush=True)


if __name__ == "__main__":
    main()
