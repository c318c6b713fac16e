"""Holds Riffle's predictions against XGBoost's own, over many random models: every objective and booster, missing
values, categories, edges, JSON and UBJSON.

    pip install xgboost==3.2.0 numpy                # or 2.1.4, 1.7.6 with "numpy<2"
    python scripts/compare_xgboost.py --riffle .build/release/riffle --count 200

Raw outputs must be equal to the bit, predictions within 2 float32 ulp. Prints the seed of each model that differs.
With --contributions explanations are held against pred_contribs, within 1e-5 of each output's greatest number.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile

import numpy as np
import xgboost as xgb

VERSION = tuple(int(part) for part in xgb.__version__.split(".")[:2])
SCALAR = [
    "reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror",
    "reg:quantileerror", "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge",
    "count:poisson", "survival:cox", "survival:aft", "rank:pairwise", "rank:ndcg", "rank:map", "multi:softmax",
    "multi:softprob",
]


def data(random, rows, columns, categorical):
    x = random.normal(size=(rows, columns)).astype(np.float32)
    x[:, 0] = np.round(x[:, 0], 1)
    for column in range(1, columns, 3):
        x[:, column] = random.poisson(3, rows)
    for column, count in categorical.items():
        x[:, column] = random.integers(0, count, rows)
    x[random.random(x.shape) < random.choice([0, 0.1, 0.4])] = np.nan
    filled = np.nan_to_num(x)
    signal = filled[:, 0] + np.sin(filled[:, -1] * 3) + (filled[:, columns // 2] % 3) + random.normal(0, 0.4, rows)
    return x, signal


def labels(random, objective, signal, settings):
    matrix = {}
    if objective.startswith("multi:"):
        settings["num_class"] = int(random.integers(2, 6))
        cuts = np.quantile(signal, np.arange(1, settings["num_class"]) / settings["num_class"])
        return np.digitize(signal, cuts), matrix
    if objective.startswith("binary:") or objective in ("reg:logistic", "rank:map"):
        y = (signal > np.quantile(signal, random.choice([0.5, 0.9]))).astype(float)
    elif objective.startswith("rank:"):
        y = np.clip(signal, 0, 4).astype(int)
    elif objective == "survival:cox":
        y = np.exp(signal / 3) * random.choice([-1, 1], len(signal))
    elif objective in ("reg:gamma", "reg:tweedie", "survival:aft", "reg:squaredlogerror"):
        y = np.exp(np.clip(signal, -3, 4) / 2)
    elif objective == "count:poisson":
        y = np.floor(np.exp(np.clip(signal, -3, 4) / 2))
    else:
        y = signal * random.choice([1, 1000])
    if objective == "survival:aft":
        matrix = {"label_lower_bound": y, "label_upper_bound": np.where(random.random(len(y)) < 0.3, np.inf, y)}
    if objective.startswith("rank:"):
        matrix = {"qid": np.sort(random.integers(0, 20, len(y)))}
    if objective == "reg:quantileerror":
        settings["quantile_alpha"] = [0.5] if random.random() < 0.4 else [0.1, 0.5, 0.9]
    return y, matrix


def model(seed):
    random = np.random.default_rng(seed)
    columns = int(random.integers(2, 12))
    booster = str(random.choice(["gbtree", "gbtree", "gbtree", "dart", "gblinear"]))
    objectives = [o for o in SCALAR if VERSION >= (2, 0) or o not in ("reg:quantileerror",)]
    objective = str(random.choice(objectives))
    if booster == "gblinear" and objective in ("survival:cox", "reg:absoluteerror", "reg:quantileerror"):
        objective = "binary:logistic"
    categorical = {}
    if booster != "gblinear" and random.random() < 0.4:
        categorical = {int(c): int(random.choice([3, 12, 40, 300])) for c in random.choice(columns, 2)}
    rows = 1500
    x, signal = data(random, rows, columns, categorical)
    settings = {"booster": booster, "objective": objective, "seed": seed, "nthread": 2, "verbosity": 0}
    y, more = labels(random, objective, signal, settings)
    if booster != "gblinear":
        settings.update(
            max_depth=int(random.choice([0, 1, 3, 6, 9])) , eta=float(random.choice([0.1, 0.3, 1.0])),
            tree_method="hist" if categorical else str(random.choice(["hist", "exact", "approx"])),
            num_parallel_tree=int(random.choice([1, 1, 3])), subsample=float(random.choice([0.5, 1])))
        if settings["max_depth"] == 0:
            settings.update(max_depth=0, max_leaves=int(random.integers(4, 90)), grow_policy="lossguide", tree_method="hist")
        if categorical:
            settings["max_cat_to_onehot"] = int(random.choice([1, 5, 1000]))
        if objective in ("reg:absoluteerror", "reg:quantileerror"):
            settings["tree_method"] = "hist"
    if booster == "dart":
        settings.update(rate_drop=0.3, one_drop=1)
    many = objective in ("reg:squarederror", "binary:logistic", "reg:pseudohubererror") and not more
    if many and random.random() < 0.4 and VERSION >= (1, 6):
        y = np.c_[y, np.roll(y, 1), y[::-1]]
        if VERSION >= (2, 0) and booster == "gbtree" and random.random() < 0.5 and settings["num_parallel_tree"] == 1:
            settings.update(multi_strategy="multi_output_tree", tree_method="hist")
            if settings["max_depth"] == 0:
                settings.update(max_depth=4, grow_policy="depthwise", max_leaves=0)
    if random.random() < 0.3:
        settings["base_score"] = float(random.choice([0.5, 0.3, 0.9, 1e-4]))
    kinds = ["c" if c in categorical else "q" for c in range(columns)]
    train = xgb.DMatrix(x, label=None if objective == "survival:aft" else y, feature_types=kinds, enable_categorical=True, **more)
    rounds = int(random.choice([1, 4, 15]))
    result = xgb.train(settings, train, rounds)
    if rounds > 4 and booster != "gblinear" and random.random() < 0.3:
        result.set_attr(best_iteration=str(rounds // 2))
    test = probes(random, result, x, categorical)
    return result, settings, test, kinds


def probes(random, booster, x, categorical):
    """Rows of the training data, thresholds and their neighbours, infinities' neighbours, odd categories."""
    test = x[random.integers(0, len(x), 300)].copy()
    for column in range(x.shape[1]):
        known = x[:, column][~np.isnan(x[:, column])]
        if len(known) == 0:
            continue
        picks = known[random.integers(0, len(known), 60)]
        test[:20, column] = picks[:20]
        test[20:40, column] = np.nextafter(picks[20:40], np.float32(-np.inf))
        test[40:60, column] = np.float32(random.choice([0.0, -0.0, 1e38, -1e38, 1e-45]))
        if column in categorical:
            odd = np.float32([0, 1, 2, 2.9, categorical[column] - 1, categorical[column], 31, 32, 33, 64])
            test[60:120, column] = odd[random.integers(0, len(odd), 60)]
    return test


def expected(booster, test, kinds):
    rounds = int(booster.attr("best_iteration") or -1) + 1
    matrix = xgb.DMatrix(test, feature_types=kinds, enable_categorical=True)
    raw = booster.predict(matrix, output_margin=True, iteration_range=(0, rounds)).reshape(len(test), -1)
    predictions = booster.predict(matrix, iteration_range=(0, rounds)).reshape(len(test), -1)
    return raw, predictions


def contributions(booster, test, kinds):
    """What the library adds up for each input, by row and number; None where it does not explain."""
    rounds = int(booster.attr("best_iteration") or -1) + 1
    matrix = xgb.DMatrix(test, feature_types=kinds, enable_categorical=True)
    try:
        return booster.predict(matrix, pred_contribs=True, iteration_range=(0, rounds)).reshape(len(test), -1)
    except xgb.core.XGBoostError:
        return None


def check_contributions(booster, test, kinds, found, raw):
    """Within 1e-5 of the library's, whose sums are float32, and together the margin."""
    given = contributions(booster, test, kinds)
    width = test.shape[1] + 1
    parts = found.reshape(len(test), -1, width)
    scale = np.maximum(1, np.abs(parts).max(axis=2))
    off = np.abs(parts.sum(axis=2) - raw) / scale
    if off.max() > 1e-5:
        return "contributions add up to something else than the margin, by %.3g" % off.max()
    if given is None:
        return None
    off = np.abs(given.reshape(parts.shape) - parts) / scale[:, :, None]
    return "contributions by up to %.3g" % off.max() if not off.max() <= 1e-5 else None


def write_rows(path, rows):
    with open(path, "w") as file:
        file.write(",".join("x%d" % c for c in range(rows.shape[1])) + "\n")
        for row in rows:
            file.write(",".join("%.9g" % value for value in row) + "\n")


def read_rows(path):
    with open(path) as file:
        lines = list(csv.reader(file))
    return np.array(lines[1:], dtype=np.float32), lines[0]


def places(x):
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.int32).astype(np.int64)
    return np.where(bits >= 0, bits, -(2**31) - bits)


def check(seed, riffle, folder, explains=False):
    try:
        booster, settings, test, kinds = model(seed)
    except xgb.core.XGBoostError as error:
        return "skipped", str(error).split("\n")[0]
    raw, predictions = expected(booster, test, kinds)
    if not np.isfinite(raw).all():
        return "skipped", "margins that are not finite"
    write_rows(os.path.join(folder, "x.csv"), test)
    answers = []
    for ending in ("json", "ubj"):
        name = os.path.join(folder, "m." + ending)
        out = os.path.join(folder, "out.csv")
        booster.save_model(name)
        if os.path.exists(out):
            os.remove(out)
        call = [*riffle, name, out, "--input", os.path.join(folder, "x.csv"), "--raw"] if len(riffle) > 1 else [
            *riffle, "model", "predict", name, "--input", os.path.join(folder, "x.csv"), "--output", out, "--raw"]
        call += ["--contributions"] if explains else []
        run = subprocess.run(call, capture_output=True, text=True)
        if not os.path.exists(out):
            return "refused", "%s %s: %s%s" % (settings, ending, run.stdout, run.stderr)
        found, header = read_rows(out)
        answers.append(found)
    if not np.array_equal(answers[0], answers[1]):
        return "differs", "%s: JSON and UBJSON" % settings
    count = sum(name.startswith("raw") for name in header)
    off = np.abs(places(answers[0][:, :count]) - places(raw))
    if off.max() > 0:
        return "differs", "%s: %d raw outputs, up to %d ulp, rows %s" % (
            settings, (off > 0).sum(), off.max(), np.where(off.any(axis=1))[0][:8])
    end = sum(not name.startswith("contrib") for name in header)
    off = np.abs(places(answers[0][:, count:end]) - places(predictions))
    if off.max() > 2:
        return "differs", "%s: predictions up to %d ulp" % (settings, off.max())
    if explains:
        text = check_contributions(booster, test, kinds, answers[0][:, end:].astype(np.float64), raw)
        if text:
            return "differs", "%s: %s" % (settings, text)
    return "equal", str(settings)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--riffle", nargs="+", default=[".build/release/riffle"])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contributions", action="store_true", help="hold explanations against pred_contribs too")
    options = parser.parse_args()
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + options.count):
            result, text = check(seed, options.riffle, folder, options.contributions)
            counts[result] = counts.get(result, 0) + 1
            if result in ("differs", "refused"):
                print("seed %d %s: %s" % (seed, result, text), flush=True)
    print("xgboost %s: %s" % (xgb.__version__, counts))
    sys.exit(1 if counts.get("differs") or counts.get("refused") else 0)


main()
