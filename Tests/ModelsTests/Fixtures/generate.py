"""Writes the fixtures of this folder with the XGBoost that runs it: generated data, nothing from elsewhere.

    pip install xgboost==3.2.0 && python generate.py          # all but the old versions
    pip install xgboost==2.1.4 "numpy<2" && python generate.py v2
    pip install xgboost==1.7.6 "numpy<2" && python generate.py v1

`inputs.csv` is written by the first of them and read by the others. Margins, predictions and leaves are the library's.
"""

import json
import os
import sys

import numpy as np
import xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))
FEATURES = ["amount", "weekend", "count_1d", "mean_1d", "count_7d", "risk_7d", "ratio", "gap"]


def data(rows, seed):
    random = np.random.default_rng(seed)
    x = np.empty((rows, 8), dtype=np.float32)
    x[:, 0] = np.round(random.gamma(2, 30, rows), 2)
    x[:, 1] = random.integers(0, 2, rows)
    x[:, 2] = random.poisson(3, rows)
    x[:, 3] = random.gamma(3, 20, rows)
    x[:, 4] = random.poisson(15, rows)
    x[:, 5] = random.beta(0.2, 2, rows)
    x[:, 6] = random.normal(0, 1, rows)
    x[:, 7] = np.where(random.random(rows) < 0.1, -0.0, random.normal(0, 100, rows))
    missing = random.random(x.shape) < 0.1
    missing[:, :2] = False
    x[missing] = np.nan
    filled = np.nan_to_num(x)
    signal = filled[:, 0] / 40 + filled[:, 5] * 4 + filled[:, 6] - filled[:, 2] / 3 + random.normal(0, 0.6, rows)
    return x, signal.astype(np.float32)


def write_rows(name, header, rows):
    with open(os.path.join(HERE, name), "w") as file:
        if header:
            file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join("%.9g" % value for value in np.atleast_1d(row)) + "\n")


def write(name, booster, inputs, end=0, kinds=None, leaves=True):
    """The model as it is saved, with what the library makes of the inputs from the rounds below `end` (0: all)."""
    booster.save_model(os.path.join(HERE, name + ".json"))
    matrix = xgb.DMatrix(inputs, feature_names=booster.feature_names, feature_types=kinds, enable_categorical=bool(kinds))
    margins = booster.predict(matrix, output_margin=True, iteration_range=(0, end)).reshape(len(inputs), -1)
    predictions = booster.predict(matrix, iteration_range=(0, end)).reshape(len(inputs), -1)
    header = ["margin%d" % i for i in range(margins.shape[1])] + ["pred%d" % i for i in range(predictions.shape[1])]
    write_rows(name + ".expected.csv", header, np.hstack([margins, predictions]))
    if leaves:
        numbers = booster.predict(matrix, pred_leaf=True, iteration_range=(0, end)).reshape(len(inputs), -1)
        write_rows(name + ".leaf.csv", None, numbers[:40])


def train(x, y, rounds=8, **parameters):
    settings = {"max_depth": 4, "eta": 0.3, "seed": 7, "nthread": 1, "verbosity": 0}
    settings.update(parameters)
    return xgb.train(settings, xgb.DMatrix(x, label=y, feature_names=FEATURES), rounds)


def current(inputs):
    x, signal = data(3000, 1)
    fraud = (signal > 2.5).astype(np.float32)
    three = np.digitize(signal, [0.5, 2.5]).astype(np.float32)
    positive = np.exp(np.clip(signal, -3, 3) / 2).astype(np.float32)
    counts = np.floor(positive).astype(np.float32)
    write("binary", train(x, fraud, objective="binary:logistic"), inputs)
    write("binary_raw", train(x, fraud, 3, objective="binary:logitraw", base_score=0.3), inputs)
    write("hinge", train(x, fraud, 3, objective="binary:hinge"), inputs)
    write("softprob", train(x, three, 4, objective="multi:softprob", num_class=3), inputs)
    write("softmax", train(x, three, 2, objective="multi:softmax", num_class=3), inputs)
    write("squared_error", train(x, signal * 50 + 500, objective="reg:squarederror"), inputs)
    write("poisson", train(x, counts, 3, objective="count:poisson"), inputs)
    write("gamma", train(x, positive, 3, objective="reg:gamma"), inputs)
    write("dart", train(x, fraud, 10, booster="dart", objective="binary:logistic", rate_drop=0.4), inputs)
    write(
        "parallel",
        train(x, three, 2, objective="multi:softprob", num_class=3, num_parallel_tree=2, subsample=0.5, max_depth=3),
        inputs,
    )
    write("two_targets", train(x, np.c_[signal, positive], 3, objective="reg:squarederror"), inputs)
    write("pruned", train(x, fraud, 4, objective="binary:logistic", gamma=4, tree_method="exact"), inputs)
    write("deep", train(x[:600], signal[:600], 2, objective="reg:squarederror", max_depth=14, tree_method="exact"), inputs)

    held_out = xgb.DMatrix(data(400, 2)[0], label=(data(400, 2)[1] > 2.5), feature_names=FEATURES)
    stopped = xgb.train(
        {"max_depth": 4, "eta": 0.8, "objective": "binary:logistic", "nthread": 1, "seed": 7},
        xgb.DMatrix(x[:300], label=fraud[:300], feature_names=FEATURES),
        40, evals=[(held_out, "held")], early_stopping_rounds=4, verbose_eval=False,
    )
    write("stopped_best", stopped, inputs, stopped.best_iteration + 1)
    write("stopped_all", stopped, inputs)


def further(inputs):
    """Boosters and trees of other kinds than one number a leaf."""
    x, signal = data(1500, 1)
    positive = np.exp(np.clip(signal, -3, 3) / 2).astype(np.float32)
    write("tweedie", train(x, positive, 3, objective="reg:tweedie", max_depth=3), inputs)
    write("quantiles", train(x, signal, 2, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], max_depth=3), inputs)
    vectors = train(
        x, np.c_[signal, positive], 3, multi_strategy="multi_output_tree", tree_method="hist", max_depth=3)
    write("vector_leaf", vectors, inputs, leaves=False)
    three = np.digitize(signal, [0.5, 2.5]).astype(np.float32)
    linear = train(x, three, 4, booster="gblinear", objective="multi:softprob", num_class=3)
    write("linear", linear, inputs, leaves=False)
    os.rename(os.path.join(HERE, "linear.expected.csv"), os.path.join(HERE, "linear.predictions.csv"))


def categories(random, rows):
    """Column 1 is a category of 9, column 4 one of 70 with values beyond, below and between."""
    x = data(rows, int(random.integers(1, 1000)))[0]
    x[:, 1] = random.integers(0, 9, rows)
    x[:, 4] = random.integers(0, 70, rows)
    return x


def categorical(name, rounds=4):
    """Sets of categories in one column, single categories in the other."""
    random = np.random.default_rng(11)
    x = categories(random, 1200)
    signal = np.nan_to_num(x[:, 0]) / 40 + x[:, 1] % 3 + (x[:, 4] * 7 % 11) / 4
    x[random.random(len(x)) < 0.05, 4] = np.nan
    kinds = ["q", "c", "q", "q", "c", "q", "q", "q"]
    matrix = xgb.DMatrix(
        x, label=signal > 3.5, feature_names=FEATURES, feature_types=kinds, enable_categorical=True)
    booster = xgb.train(
        {"max_depth": 4, "tree_method": "hist", "objective": "binary:logistic", "max_cat_to_onehot": 10}, matrix, rounds)
    path = os.path.join(HERE, "inputs_categories.csv")
    if not os.path.exists(path):
        inputs = categories(random, 120)
        inputs[:40, 4] = np.resize([69, 70, 71, 95, 96, 1e6, 2.9, 0.4, 31, 32, 63, 64], 40)
        inputs[40:44, 4] = np.nan
        inputs[44:47, 1] = np.nan
        write_rows("inputs_categories.csv", FEATURES, inputs)
    inputs = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
    write(name, booster, inputs, kinds=kinds)


def ubjson(names):
    """The same models in the other form."""
    for name in names:
        booster = xgb.Booster(model_file=os.path.join(HERE, name + ".json"))
        booster.save_model(os.path.join(HERE, name + ".ubj"))


def contributions(names):
    """What the library says of the first rows, for each output one number for each feature and the base value."""
    for name in names:
        booster = xgb.Booster(model_file=os.path.join(HERE, name + ".json"))
        inputs = "inputs_categories.csv" if name.startswith("categorical") else "inputs.csv"
        rows = np.loadtxt(os.path.join(HERE, inputs), delimiter=",", skiprows=1, dtype=np.float32)
        # Odd categories are in the first rows, missing values in all.
        matrix = xgb.DMatrix(
            rows[:48], feature_names=booster.feature_names, feature_types=booster.feature_types, enable_categorical=True)
        end = booster.best_iteration + 1 if name == "stopped_best" else 0
        result = booster.predict(matrix, pred_contribs=True, iteration_range=(0, end)).reshape(48, -1)
        write_rows(name + ".contributions.csv", ["contrib%d" % i for i in range(result.shape[1])], result)


def old(suffix, inputs):
    x, signal = data(1000, 1)
    fraud = (signal > 2.5).astype(np.float32)
    three = np.digitize(signal, [0.5, 2.5]).astype(np.float32)
    write("binary_" + suffix, train(x, fraud, 3, objective="binary:logistic"), inputs)
    write("softprob_" + suffix, train(x, three, 2, objective="multi:softprob", num_class=3, max_depth=3), inputs)
    write("squared_error_" + suffix, train(x, signal * 50 + 500, 3, objective="reg:squarederror"), inputs)


def main():
    if len(sys.argv) == 1:
        inputs = data(300, 3)[0]
        write_rows("inputs.csv", FEATURES, inputs)
        current(inputs)
        further(inputs)
        categorical("categorical")
        ubjson(["binary", "dart", "categorical", "vector_leaf", "linear", "stopped_all"])
        # Of older files too; not of vector leaves, which the library does not explain.
        contributions([
            "binary", "softprob", "dart", "parallel", "categorical", "quantiles", "gamma", "deep", "two_targets",
            "stopped_best", "stopped_all", "pruned", "linear", "binary_v1", "softprob_v2", "categorical_v1"])
    else:
        inputs = np.loadtxt(os.path.join(HERE, "inputs.csv"), delimiter=",", skiprows=1, dtype=np.float32)
        old(sys.argv[1], inputs)
        categorical("categorical_" + sys.argv[1], 2)
        ubjson(["softprob_" + sys.argv[1]])


if __name__ == "__main__":
    main()
