"""Writes the fixtures of this folder with the LightGBM that runs it: generated data, nothing from elsewhere.

    pip install lightgbm==4.7.0 && python generate.py              # all but the old versions
    pip install lightgbm==3.3.5 "numpy<1.24" && python generate.py v3
    pip install lightgbm==2.3.1 "numpy<1.24" && python generate.py v2

`inputs.csv` is written by the first of them and read by the others. Raw scores, predictions, leaves and contributions
are the library's.
"""

import os
import sys

import lightgbm as lgb
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
EDGES = [0.0, -0.0, 1e-35, -1e-35, float(np.float32(1e-35)), 1.1e-35, 1e300, -1e300, np.inf, -np.inf, -0.5, -1.0, 23.9, 1e10]


def data(rows, seed):
    random = np.random.default_rng(seed)
    x = np.column_stack([
        np.round(random.gamma(2, 30, rows), 2), random.integers(0, 2, rows), random.poisson(3, rows),
        random.normal(0, 1, rows), random.beta(0.2, 2, rows),
        np.where(random.random(rows) < 0.7, 0.0, random.normal(0, 5, rows)), random.integers(0, 70, rows),
        random.integers(0, 9, rows),
    ]).astype(float)
    x[random.random(x.shape) < 0.08] = np.nan
    filled = np.nan_to_num(x)
    signal = filled[:, 0] / 40 + filled[:, 4] * 4 + filled[:, 3] - filled[:, 2] / 3 + (filled[:, 6] % 7 > 3)
    return x, signal + random.normal(0, 0.6, rows)


def write_rows(name, header, rows):
    with open(os.path.join(HERE, name), "w") as file:
        if header:
            file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join("%.17g" % value for value in np.atleast_1d(row)) + "\n")


def write(name, booster, inputs, contributions=True):
    path = os.path.join(HERE, name + ".txt")
    booster.save_model(path)
    booster = lgb.Booster(model_file=path)
    raw = booster.predict(inputs, raw_score=True).reshape(len(inputs), -1)
    predictions = booster.predict(inputs).reshape(len(inputs), -1)
    header = ["raw%d" % i for i in range(raw.shape[1])] + ["pred%d" % i for i in range(predictions.shape[1])]
    write_rows(name + ".expected.csv", header, np.hstack([raw, predictions]))
    leaves = booster.predict(inputs, pred_leaf=True).reshape(len(inputs), -1)
    write_rows(name + ".leaf.csv", None, leaves[:20])
    if contributions:
        shap = booster.predict(inputs[:12], pred_contrib=True).reshape(12, -1)
        write_rows(name + ".contributions.csv", None, shap)


def train(x, y, rounds=6, categories=(), group=None, **parameters):
    settings = {"num_leaves": 7, "seed": 7, "num_threads": 1, "verbosity": -1, "min_data_in_leaf": 5}
    settings.update(parameters)
    linear = {"linear_tree": True} if settings.get("linear_tree") else None
    dataset = lgb.Dataset(x, label=y, group=group, categorical_feature=list(categories), params=linear)
    return lgb.train(settings, dataset, rounds)


def current(inputs):
    x, signal = data(1500, 1)
    fraud = (signal > 2.5).astype(float)
    three = np.digitize(signal, [0.5, 2.5]).astype(float)
    positive = np.exp(np.clip(signal, -3, 3) / 2)
    share = np.clip(fraud * 0.8 + 0.1, 0, 1)
    write("binary", train(x, fraud, 8, objective="binary"), inputs)
    write("binary_sigmoid", train(x, fraud, objective="binary", sigmoid=2.0), inputs)
    for objective in ("regression", "regression_l1", "huber", "fair", "quantile"):
        write(objective, train(x, signal * 50, 3, objective=objective), inputs)
    write("regression_sqrt", train(x, signal * abs(signal), 3, objective="regression", reg_sqrt=True), inputs)
    for objective in ("poisson", "mape", "gamma", "tweedie"):
        write(objective, train(x, positive, 3, objective=objective), inputs)
    write("cross_entropy", train(x, share, 3, objective="cross_entropy"), inputs)
    write("cross_entropy_lambda", train(x, share, 3, objective="cross_entropy_lambda"), inputs)
    write("multiclass", train(x, three, 4, objective="multiclass", num_class=3), inputs)
    write("multiclassova", train(x, three, 3, objective="multiclassova", num_class=3, sigmoid=0.7), inputs)
    for objective in ("lambdarank", "rank_xendcg"):
        write(objective, train(x, three, 3, objective=objective, group=[15] * 100), inputs)
    custom = lambda scores, data: (scores - data.get_label(), np.ones(len(scores)))
    write("custom", train(x, signal, 3, objective=custom), inputs)
    write("categorical", train(x, fraud, 6, [6, 7], objective="binary", max_cat_to_onehot=2, cat_smooth=1.0,
                               min_data_per_group=5), inputs)
    write("zero_missing", train(x, signal, 6, objective="regression", zero_as_missing=True), inputs)
    write("no_missing", train(x, signal, 6, objective="regression", use_missing=False), inputs)
    write("linear", train(x, signal, 4, [7], objective="regression", linear_tree=True), inputs, False)
    write("linear_binary", train(x, fraud, 4, objective="binary", linear_tree=True, linear_lambda=0.01), inputs, False)
    write("rf", train(x, fraud, 5, objective="binary", boosting="rf", bagging_fraction=0.6, bagging_freq=1,
                      feature_fraction=0.7), inputs)
    write("rf_multiclass", train(x, three, 3, objective="multiclass", num_class=3, boosting="rf", bagging_fraction=0.6,
                                 bagging_freq=1), inputs)
    write("dart", train(x, fraud, 8, objective="binary", boosting="dart", drop_rate=0.4), inputs)
    write("single_leaves", train(x[:8], signal[:8], 3, objective="regression", min_data_in_leaf=20), inputs)
    write("wide", train(x, signal, 2, [6], objective="regression", num_leaves=150, min_data_in_leaf=1), inputs)
    write("mask_edge", train(x, signal, 3, objective="regression", num_leaves=64, min_data_in_leaf=1), inputs)

    held_x, held_signal = data(300, 2)
    dataset = lgb.Dataset(x[:300], label=fraud[:300])
    stopped = lgb.train(
        {"objective": "binary", "num_leaves": 7, "learning_rate": 0.6, "verbosity": -1, "num_threads": 1, "seed": 7},
        dataset, 60, valid_sets=[lgb.Dataset(held_x, label=(held_signal > 2.5).astype(float), reference=dataset)],
        callbacks=[lgb.early_stopping(3, verbose=False)])
    write("stopped", stopped, inputs)


def old(suffix, inputs):
    x, signal = data(800, 1)
    fraud = (signal > 2.5).astype(float)
    three = np.digitize(signal, [0.5, 2.5]).astype(float)
    write("binary_" + suffix, train(x, fraud, 3, [6, 7], objective="binary", max_cat_to_onehot=2), inputs)
    write("multiclass_" + suffix, train(x, three, 2, objective="multiclass", num_class=3), inputs)
    write("regression_" + suffix, train(x, signal * 50, 3, objective="regression"), inputs)


def main():
    if len(sys.argv) == 1:
        inputs = data(90, 3)[0]
        random = np.random.default_rng(4)
        for row in inputs[60:]:
            for place in random.integers(0, 8, 3):
                row[place] = random.choice(EDGES)
        write_rows("inputs.csv", ["f%d" % i for i in range(8)], inputs)
        current(inputs)
    else:
        inputs = np.loadtxt(os.path.join(HERE, "inputs.csv"), delimiter=",", skiprows=1)
        old(sys.argv[1], inputs)


main()
