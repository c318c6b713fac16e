"""Writes what the libraries themselves say of the models beside this file: importance.csv and sizes.csv.

    python3 importance.py          (xgboost 3.2, lightgbm 4.7)
    python3 importance.py named    (pandas, too) trains two models first, whose files name categories
"""

import csv
import glob
import json
import os
import sys

import lightgbm
import numpy
import xgboost

FOLDER = os.path.dirname(os.path.abspath(__file__))
KINDS = ["weight", "total_gain", "gain", "total_cover", "cover"]


def name(path):
    return os.path.splitext(os.path.basename(path))[0]


def depth(node):
    children = [node[key] for key in ("left_child", "right_child") if key in node] + node.get("children", [])
    return 1 + max(map(depth, children)) if children else 0


def leaves(node):
    children = [node[key] for key in ("left_child", "right_child") if key in node] + node.get("children", [])
    return sum(map(leaves, children)) if children else 1


def sizes(kind, path, trees):
    depths = [depth(tree) for tree in trees]
    return [kind, name(path), len(trees), sum(map(leaves, trees)), max(depths), repr(sum(depths) / len(depths))]


def train_named():
    import pandas

    random = numpy.random.default_rng(7)
    rows = pandas.DataFrame(
        {
            "channel": pandas.Categorical(random.choice(["app", "für", "web"], 500)),
            "amount": random.normal(size=500),
            "zone": pandas.Categorical(random.choice([10, 20, 30], 500)),
        }
    )
    target = (rows.channel == "web") * 2.0 + (rows.zone == 20) + rows.amount
    # XGBoost 3.2 cuts names whose UTF-8 is longer than their characters.
    plain = rows.assign(channel=rows.channel.cat.rename_categories({"für": "pos"}))
    data = xgboost.DMatrix(plain, label=target, enable_categorical=True)
    xgboost.train({"max_depth": 3}, data, 3).save_model(f"{FOLDER}/named_categories.json")
    parameters = {"verbose": -1, "num_leaves": 7, "min_data_in_leaf": 5}
    lightgbm.train(parameters, lightgbm.Dataset(rows, target), 3).save_model(f"{FOLDER}/LightGBM/named_categories.txt")


def main():
    if sys.argv[1:] == ["named"]:
        train_named()
    importance = []
    size = []
    for path in sorted(glob.glob(f"{FOLDER}/*.json")):
        content = json.load(open(path))
        if "learner" not in content or content["learner"]["gradient_booster"]["name"] == "gblinear":
            continue
        booster = xgboost.Booster(model_file=path)
        names = booster.feature_names or [f"f{index}" for index in range(booster.num_features())]
        try:
            scores = [booster.get_score(importance_type=kind) for kind in KINDS]
            trees = [json.loads(tree) for tree in booster.get_dump(dump_format="json")]
        except xgboost.core.XGBoostError as error:
            print(f"{path}: {str(error).splitlines()[0]}")
            continue
        for index, feature in enumerate(names):
            if feature in scores[0]:
                values = [repr(float(score[feature])) for score in scores]
                importance.append(["xgboost", name(path), index, *values])
        size.append(sizes("xgboost", path, trees))
    for path in sorted(glob.glob(f"{FOLDER}/LightGBM/*.txt")):
        booster = lightgbm.Booster(model_file=path)
        splits = booster.feature_importance("split", iteration=-1)
        gains = booster.feature_importance("gain", iteration=-1)
        for index in range(len(splits)):
            if splits[index]:
                gain = float(gains[index])
                values = [float(splits[index]), gain, gain / int(splits[index])]
                importance.append(["lightgbm", name(path), index, *map(repr, values), "", ""])
        trees = [tree["tree_structure"] for tree in booster.dump_model(num_iteration=-1)["tree_info"]]
        size.append(sizes("lightgbm", path, trees))
    with open(f"{FOLDER}/importance.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["library", "model", "input", *KINDS])
        writer.writerows(importance)
    with open(f"{FOLDER}/sizes.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["library", "model", "trees", "leaves", "depth", "mean_depth"])
        writer.writerows(size)


main()
