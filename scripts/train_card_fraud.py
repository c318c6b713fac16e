#!/usr/bin/env python3
"""Trains the demo's card-fraud model on generated history.

    riffle generate pipelines/card-fraud/replay-labelled.yaml --days 110 --seed 20251 --output events.csv
    riffle replay pipelines/card-fraud/replay-labelled.yaml --input events.csv --output features.csv
    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    .venv/bin/python scripts/train_card_fraud.py features.csv events.csv --output pipelines/card-fraud/models/card-fraud.json

The features are those that Riffle itself computes when it scores, whether labels ride in the events, as here, or come by
their own topic within a week; the label comes from the events. The last week is
for testing. Before it seven days are left out, as long as a fraud takes to be known; training takes the days before
those. The first 37 days are left out too: until then the windows (30 days, and 7 days' delay) are not full. The same
input gives the same model.
"""

import argparse
import datetime
import sys
import zlib

import numpy
import xgboost

from handbook import Fault, average_precision, parse_number, read_rows, roc_auc

FEATURES = [
    "amount", "weekend", "night",
    "customer_tx_1d", "customer_mean_1d", "customer_tx_7d", "customer_mean_7d", "customer_tx_30d", "customer_mean_30d",
    "terminal_tx_1d", "terminal_risk_1d", "terminal_tx_7d", "terminal_risk_7d", "terminal_tx_30d", "terminal_risk_30d",
]  # fmt: skip
WARM_UP_DAYS = 37
GAP_DAYS = 7
TEST_DAYS = 7
SEED = 20_250_101


def day_of(time):
    """The number of the UTC day of an ISO 8601 time ending in Z."""
    if time is None or not time.endswith("Z"):
        raise Fault(f"{time!r} is not a time in UTC")
    return datetime.date.fromisoformat(time[:10]).toordinal()


def read_labels(path):
    """Whether it is fraud, by transaction id, and the first and the last day."""
    labels = {}
    first_day, last_day = sys.maxsize, 0
    for identity, time, fraud in read_rows(path, ["transaction_id", "tx_datetime", "tx_fraud"]):
        label = parse_number(fraud)
        if label not in (0, 1):
            raise Fault(f"{path}: transaction {identity}: tx_fraud is {fraud}")
        day = day_of(time)
        first_day, last_day = min(first_day, day), max(last_day, day)
        labels[identity] = label
    if not labels:
        raise Fault(f"{path}: no events")
    return labels, first_day, last_day


def read_examples(path, labels, periods):
    """For each period (a range of days) the matrix of features and the labels."""
    rows = [[] for _ in periods]
    targets = [[] for _ in periods]
    for identity, time, *texts in read_rows(path, ["transaction_id", "event_time", *FEATURES]):
        day = day_of(time)
        for place, period in enumerate(periods):
            if day not in period:
                continue
            if identity not in labels:
                raise Fault(f"{path}: transaction {identity} is not among the events")
            # float32 is what the model compares with; a missing value is NaN.
            values = [float("nan") if text is None else parse_number(text) for text in texts]
            if None in values:
                raise Fault(f"{path}: transaction {identity}: {texts[values.index(None)]!r} is not a number")
            rows[place].append(numpy.array(values, dtype=numpy.float32))
            targets[place].append(labels[identity])
    for period, target in zip(periods, targets):
        if len(set(target)) < 2:
            raise Fault(f"{path}: no frauds, or nothing else, in the {len(period)} days of a period")
    return [(numpy.stack(period), numpy.array(target)) for period, target in zip(rows, targets)]


def train(features, labels, trees, depth):
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.15,
        "min_child_weight": 5,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "tree_method": "hist",
        "seed": SEED,
        # Sums over threads would depend on how many there are.
        "nthread": 1,
    }
    return xgboost.train(parameters, xgboost.DMatrix(features, labels, feature_names=FEATURES), num_boost_round=trees)


def report(name, booster, features, labels):
    scores = booster.predict(xgboost.DMatrix(features, feature_names=FEATURES)).tolist()
    flags = [bool(label) for label in labels]
    print(f"{name}: {len(flags)} transactions, {sum(flags)} frauds", end="; ")
    print(f"ROC AUC {roc_auc(scores, flags):.4f}, average precision {average_precision(scores, flags):.4f}")
    for threshold in (0.5, 0.9):
        hits = [flag for score, flag in zip(scores, flags) if score >= threshold]
        precision = sum(hits) / len(hits) if hits else float("nan")
        recall = sum(hits) / sum(flags)
        print(f"  score >= {threshold}: {len(hits)} transactions, precision {precision:.3f}, recall {recall:.3f}")


def run(arguments):
    labels, first_day, last_day = read_labels(arguments.events)
    test_start = last_day - TEST_DAYS + 1
    train_end = test_start - GAP_DAYS
    train_start = max(first_day + WARM_UP_DAYS, train_end - arguments.train_days)
    if train_start >= train_end:
        shortest = WARM_UP_DAYS + GAP_DAYS + TEST_DAYS + 1
        raise Fault(f"{arguments.events}: {last_day - first_day + 1} days, at least {shortest} are needed")
    periods = [range(train_start, train_end), range(test_start, last_day + 1)]
    (train_rows, train_labels), (test_rows, test_labels) = read_examples(arguments.features, labels, periods)
    booster = train(train_rows, train_labels, arguments.trees, arguments.depth)
    report("training", booster, train_rows, train_labels)
    report("test", booster, test_rows, test_labels)
    booster.save_model(arguments.output)
    print(f"{arguments.output}: {arguments.trees} trees of depth {arguments.depth}")
    return 0


def main():
    parser = argparse.ArgumentParser(description="Trains the demo's card-fraud model on generated history.")
    parser.add_argument("features", help="what `riffle replay` wrote from the events")
    parser.add_argument("events", help="what `riffle generate` wrote")
    parser.add_argument("--output", default="model.json", help="the model's file, .json (default model.json)")
    parser.add_argument("--train-days", type=int, default=28, metavar="N", help="at most so many (default 28)")
    parser.add_argument("--trees", type=int, default=60, metavar="N", help="default 60")
    parser.add_argument("--depth", type=int, default=5, metavar="N", help="default 5")
    arguments = parser.parse_args()
    try:
        return run(arguments)
    except (Fault, OSError, EOFError, ValueError, zlib.error) as error:
        print(f"train_card_fraud: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
