"""Writes the fixtures of this folder that say what each input adds: computed from scikit-learn's own trees, by definition.

    python explained.py     # as generate.py, which writes the inputs
"""

import itertools
import math

import numpy as np
from sklearn import ensemble, preprocessing
from sklearn.pipeline import make_pipeline

import generate as common

ROWS = 20


def with_counts(model, estimators):
    """A converted forest with each node's training rows where converters write 1."""
    node = next(node for node in model.graph.node if node.op_type.startswith("TreeEnsemble"))
    lists = {attribute.name: attribute for attribute in node.attribute}
    counts = [estimators[tree].tree_.weighted_n_node_samples[number]
              for tree, number in zip(lists["nodes_treeids"].ints, lists["nodes_nodeids"].ints)]
    del lists["nodes_hitrates"].floats[:]
    lists["nodes_hitrates"].floats.extend(counts)
    return model


def expectation(tree, values, x, known, node=0):
    """The mean over the training rows of the leaves that a row may reach of which some features are known."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return values[node]
    if tree.feature[node] in known:
        return expectation(tree, values, x, known, left if x[tree.feature[node]] <= tree.threshold[node] else right)
    counts = tree.weighted_n_node_samples
    return (counts[left] * expectation(tree, values, x, known, left)
            + counts[right] * expectation(tree, values, x, known, right)) / (counts[left] + counts[right])


def shapley(estimators, leaf_values, x):
    """For each output a number for each feature, then the base value."""
    n = len(x)
    sets = [frozenset(s) for k in range(n + 1) for s in itertools.combinations(range(n), k)]
    value = {s: sum(expectation(e.tree_, v, x, s) for e, v in zip(estimators, leaf_values)) / len(estimators) for s in sets}
    parts = []
    for feature in range(n):
        parts.append(sum(
            (value[s | {feature}] - value[s]) * math.factorial(len(s)) * math.factorial(n - len(s) - 1) / math.factorial(n)
            for s in sets if feature not in s))
    return np.array(parts + [value[frozenset()]]).T.reshape(-1)


def forest(name, model, x, y, inputs, scaler=None):
    """Of a classifier outputs are probabilities, of a regressor the prediction."""
    scaled = scaler.fit_transform(x).astype(np.float32) if scaler else x
    model.fit(scaled, y)
    whole = make_pipeline(scaler, model) if scaler else model
    options = {id(model): {"zipmap": False}} if hasattr(model, "classes_") else None
    converted = common.convert_sklearn(
        whole, initial_types=[("X", common.FloatTensorType([None, common.WIDTH]))], options=options)
    common.write(name, with_counts(converted, model.estimators_), inputs)
    if hasattr(model, "classes_"):
        leaves = [e.tree_.value[:, 0, :] / e.tree_.value[:, 0, :].sum(axis=1, keepdims=True) for e in model.estimators_]
    else:
        leaves = [e.tree_.value[:, 0, 0] for e in model.estimators_]
    rows = scaler.transform(inputs).astype(np.float32) if scaler else inputs
    result = np.array([shapley(model.estimators_, leaves, row) for row in rows[:ROWS]])
    common.write_rows(name + ".contributions.csv", ["contrib%d" % i for i in range(result.shape[1])], result)


def expected_length(size):
    if size <= 2:
        return float(size == 2)
    return 2 * (math.log(size - 1) + np.euler_gamma) - 2 * (size - 1) / size


def path_steps(tree, x, result):
    """Adds what the splits of one path do to the expected length, and the expectation at the root."""
    lengths = np.zeros(tree.node_count)

    def fill(node, depth):
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            lengths[node] = depth + expected_length(tree.n_node_samples[node])
            return
        fill(left, depth + 1)
        fill(right, depth + 1)
        counts = tree.n_node_samples
        lengths[node] = (counts[left] * lengths[left] + counts[right] * lengths[right]) / counts[node]

    fill(0, 0)
    node = 0
    while tree.children_left[node] >= 0:
        feature = tree.feature[node]
        child = (tree.children_left if x[feature] <= tree.threshold[node] else tree.children_right)[node]
        result[feature] += lengths[child] - lengths[node]
        node = child
    result[-1] += lengths[0]


def isolation(name, x, inputs):
    """The mean path length over what it is in a tree of all rows: minus the logarithm of the anomaly score."""
    model = ensemble.IsolationForest(n_estimators=8, max_samples=64, random_state=common.SEED).fit(x)
    common.sk(name, model, inputs, target_opset={"": 17, "ai.onnx.ml": 3})
    result = np.zeros((ROWS, common.WIDTH + 1))
    for row in range(ROWS):
        for estimator in model.estimators_:
            path_steps(estimator.tree_, inputs[row], result[row])
    result /= len(model.estimators_) * expected_length(64)
    common.write_rows(name + ".contributions.csv", ["contrib%d" % i for i in range(result.shape[1])], result)


def main():
    inputs = np.loadtxt(common.os.path.join(common.HERE, "inputs.csv"), delimiter=",", skiprows=1, dtype=np.float32)
    x, signal = common.data(600, common.SEED)
    fraud, three = (signal > 2.5).astype(int), np.digitize(signal, [0.5, 2.5])
    small = {"random_state": common.SEED, "max_depth": 4}
    forest("counted_two", ensemble.RandomForestClassifier(3, **small), x, fraud, inputs, preprocessing.StandardScaler())
    forest("counted_three", ensemble.RandomForestClassifier(2, **small), x, three, inputs)
    forest("counted_regressor", ensemble.ExtraTreesRegressor(3, **small), x, signal, inputs)
    isolation("path_lengths", x, inputs)


if __name__ == "__main__":
    main()
