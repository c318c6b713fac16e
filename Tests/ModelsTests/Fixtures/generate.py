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


def write(name, booster, inputs, end=0):
    """The model as it is saved, with what the library makes of the inputs from the rounds below `end` (0: all)."""
    booster.save_model(os.path.join(HERE, name + ".json"))
    matrix = xgb.DMatrix(inputs, feature_names=booster.feature_names)
    margins = booster.predict(matrix, output_margin=True, iteration_range=(0, end)).reshape(len(inputs), -1)
    predictions = booster.predict(matrix, iteration_range=(0, end)).reshape(len(inputs), -1)
    header = ["margin%d" % i for i in range(margins.shape[1])] + ["pred%d" % i for i in range(predictions.shape[1])]
    write_rows(name + ".expected.csv", header, np.hstack([margins, predictions]))
    leaves = booster.predict(matrix, pred_leaf=True, iteration_range=(0, end)).reshape(len(inputs), -1)
    write_rows(name + ".leaf.csv", None, leaves[:40])


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

    # What is refused by name.
    linear = train(x[:50], fraud[:50], 2, booster="gblinear", objective="binary:logistic")
    linear.save_model(os.path.join(HERE, "refused_gblinear.json"))
    vectors = train(
        x[:200], np.c_[signal, positive][:200], 1, multi_strategy="multi_output_tree", tree_method="hist", max_depth=2)
    vectors.save_model(os.path.join(HERE, "refused_vector_leaf.json"))


def categorical(name):
    x, signal = data(200, 1)
    x[:, 1] = np.arange(200) % 9
    matrix = xgb.DMatrix(
        x, label=(signal + x[:, 1] % 3 > 3).astype(np.float32), feature_names=FEATURES,
        feature_types=["q", "c"] + ["q"] * 6, enable_categorical=True)
    booster = xgb.train({"max_depth": 3, "tree_method": "hist", "objective": "binary:logistic"}, matrix, 1)
    booster.save_model(os.path.join(HERE, name + ".json"))


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
        categorical("refused_categorical")
    else:
        inputs = np.loadtxt(os.path.join(HERE, "inputs.csv"), delimiter=",", skiprows=1, dtype=np.float32)
        old(sys.argv[1], inputs)
        categorical("refused_categorical_" + sys.argv[1])


main()
