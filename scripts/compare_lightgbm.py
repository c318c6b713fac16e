"""Holds Riffle against LightGBM on many random models: every objective, parameter and kind of input.

    pip install lightgbm==4.7.0 && python scripts/compare_lightgbm.py --models 200 --seed 1

Raw scores must be the library's bits; predictions within 4 float64 ulp of them (the C library's exp differs by that).
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile

import lightgbm as lgb
import numpy as np

OBJECTIVES = [
    "regression", "regression_sqrt", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma",
    "tweedie", "binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda", "lambdarank",
    "rank_xendcg", "custom",
]
EDGES = [
    0.0, -0.0, 1e-35, -1e-35, float(np.float32(1e-35)), -float(np.float32(1e-35)), 1.1e-35, 9e-36, 5e-324, -5e-324,
    1e300, -1e300, np.inf, -np.inf, np.nan, -0.5, -1.0, 23.9, 31.0, 32.0, 4294967296.0, 2147483648.0, 1e18, 0.999999,
]


def inputs(random, rows, missing, categorical):
    columns = [
        np.round(random.gamma(2, 30, rows), 2), random.integers(0, 2, rows).astype(float),
        random.poisson(3, rows).astype(float), random.normal(0, 1, rows), random.beta(0.2, 2, rows),
        np.where(random.random(rows) < 0.7, 0.0, random.normal(0, 5, rows)), random.integers(0, 70, rows).astype(float),
        random.integers(0, 9, rows).astype(float),
    ]
    x = np.column_stack(columns)
    if missing:
        holes = random.random(x.shape) < 0.1
        x[holes] = np.nan
    return x


def train(random):
    objective = random.choice(OBJECTIVES)
    missing, categorical = random.random() < 0.6, random.random() < 0.5
    x = inputs(random, 1500, missing, categorical)
    filled = np.nan_to_num(x)
    signal = filled[:, 0] / 40 + filled[:, 4] * 4 + filled[:, 3] - filled[:, 2] / 3
    signal += (filled[:, 6] % 7 > 3) + random.normal(0, 0.6, len(x))
    parameters = {
        "objective": objective, "verbosity": -1, "num_threads": 1, "seed": int(random.integers(1 << 30)),
        "num_leaves": int(random.choice([2, 3, 8, 15, 31, 63, 64, 65, 127, 255])),
        "min_data_in_leaf": int(random.choice([1, 5, 20])), "learning_rate": float(random.choice([0.05, 0.1, 0.5])),
        "use_missing": bool(random.random() < 0.85), "zero_as_missing": bool(random.random() < 0.3),
        "max_bin": int(random.choice([15, 255, 1000])), "cat_smooth": 1.0, "min_data_per_group": 5,
        "max_cat_to_onehot": int(random.choice([2, 4, 16])),
        "boosting": str(random.choice(["gbdt", "gbdt", "gbdt", "dart", "rf", "goss"])),
        "boost_from_average": bool(random.random() < 0.7),
    }
    if parameters["boosting"] == "rf":
        parameters.update(bagging_fraction=0.6, bagging_freq=1, feature_fraction=0.7)
    groups = None
    label = signal
    if objective == "regression_sqrt":
        parameters.update(objective="regression", reg_sqrt=True)
        label = signal * abs(signal)
    elif objective in ("binary", "cross_entropy", "cross_entropy_lambda"):
        label = (signal > 2.5).astype(float)
        if objective != "binary":
            label = np.clip(label * 0.8 + random.random(len(x)) * 0.2, 0, 1)
        parameters["sigmoid"] = float(random.choice([1.0, 2.0, 0.3]))
    elif objective in ("multiclass", "multiclassova"):
        label = np.digitize(signal, [0.5, 2.5]).astype(float)
        parameters.update(num_class=3, sigmoid=float(random.choice([1.0, 0.7])))
    elif objective in ("poisson", "gamma", "tweedie", "mape"):
        label = np.exp(np.clip(signal, -3, 3) / 2)
    elif objective in ("lambdarank", "rank_xendcg"):
        label = np.digitize(signal, [0.5, 2.5, 4]).astype(float)
        groups = [15] * 100
    elif objective == "custom":
        parameters["objective"] = lambda scores, data: (scores - data.get_label(), np.ones(len(scores)))
        if parameters["boosting"] == "rf":
            parameters["boosting"] = "gbdt"
    linear = objective in ("regression", "huber", "binary") and parameters["boosting"] == "gbdt" and random.random() < 0.5
    if linear:
        parameters.update(linear_tree=True, zero_as_missing=False, linear_lambda=0.01)
    data = lgb.Dataset(
        x, label=label, group=groups, categorical_feature=[6, 7] if categorical else [],
        params={"linear_tree": True} if linear else {}, free_raw_data=False)
    rounds = int(random.choice([1, 5, 13, 40]))
    keep = {}
    if random.random() < 0.2 and groups is None and parameters["boosting"] == "gbdt" and objective != "custom":
        held = lgb.Dataset(x[:300], label=label[:300] + random.normal(0, 1, 300) * (objective == "regression"), reference=data)
        keep = {"valid_sets": [held], "callbacks": [lgb.early_stopping(2, verbose=False)]}
    booster = lgb.train(parameters, data, rounds, **keep)
    return booster, "%s %s %s%s%s" % (
        objective, parameters["boosting"], parameters["num_leaves"], " linear" if linear else "",
        " categorical" if categorical else ""), missing, categorical


def probes(random, booster, path, missing, categorical):
    """Ordinary rows, and rows of edges and of the model's own thresholds."""
    x = inputs(random, 300, True, categorical)
    thresholds = {}
    for line in open(path):
        if line.startswith("split_feature="):
            features = [int(word) for word in line[14:].split()]
        elif line.startswith("threshold="):
            for feature, word in zip(features, line[10:].split()):
                thresholds.setdefault(feature, []).append(float(word))
    strange = inputs(random, 300, True, categorical)
    for row in strange:
        for feature in range(len(row)):
            kind = random.random()
            if kind < 0.25:
                row[feature] = random.choice(EDGES)
            elif kind < 0.6 and feature in thresholds:
                value = random.choice(thresholds[feature])
                row[feature] = random.choice([value, np.nextafter(value, np.inf), np.nextafter(value, -np.inf)])
    return np.vstack([x, strange])


def ulps(left, right):
    def place(x):
        bits = np.asarray(x, dtype=np.float64).view(np.int64)
        return np.where(bits >= 0, bits, np.int64(-(2**63)) - bits)
    return np.abs(place(left) - place(right))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--command", default="riffle model predict {model} --input {input} --output {output} --raw",
        help="writes raw0.., pred0.. as csv")
    options = parser.parse_args()
    failures = 0
    worst_prediction = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.models):
            seed = options.seed * 100_003 + number
            random = np.random.default_rng(seed)
            model, table, output = (os.path.join(folder, name) for name in ("model.txt", "x.csv", "out.csv"))
            booster, what, missing, categorical = train(random)
            booster.save_model(model)
            booster = lgb.Booster(model_file=model)
            x = probes(random, booster, model, missing, categorical)
            np.savetxt(table, x, delimiter=",", fmt="%.17g", header=",".join("f%d" % i for i in range(x.shape[1])), comments="")
            command = options.command.format(model=model, input=table, output=output)
            done = subprocess.run(shlex.split(command), capture_output=True, text=True)
            if done.returncode != 0:
                print("seed %d, %s: refused: %s" % (seed, what, (done.stdout + done.stderr).strip()[-300:]))
                failures += 1
                continue
            found = np.loadtxt(output, delimiter=",", skiprows=1, ndmin=2)
            raw = booster.predict(x, raw_score=True).reshape(len(x), -1)
            expected = booster.predict(x).reshape(len(x), -1)
            wrong = (found[:, :raw.shape[1]] != raw) & ~(np.isnan(raw) & np.isnan(found[:, :raw.shape[1]]))
            with np.errstate(all="ignore"):
                off = ulps(found[:, raw.shape[1]:], expected)
            off[np.isnan(expected)] = 0
            worst_prediction = max(worst_prediction, int(off.max()))
            if wrong.any() or off.max() > 4:
                rows = np.unique(np.where(wrong)[0])[:5]
                print("seed %d, %s: %d raw scores differ (rows %s), predictions %d ulp off" % (
                    seed, what, wrong.sum(), rows, off.max()))
                failures += 1
    print("%d models, %d wrong, predictions within %d ulp" % (options.models, failures, worst_prediction))
    return 1 if failures else 0


sys.exit(main())
