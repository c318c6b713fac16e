"""Writes the ONNX fixtures of this folder: generated data, converted models, and what ONNX Runtime makes of them.

    pip install onnx onnxruntime skl2onnx onnxmltools scikit-learn xgboost==3.2.0 lightgbm==4.7.0
    python generate.py [OTHER_FOLDER SEED]     # other seeds give other models, for checks beyond the fixtures

`inputs.csv` has no missing values, `inputs_nan.csv` has. A model whose name ends in `_nan` reads the second.
"""

import os
import sys
import warnings

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
import xgboost as xgb
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as OldFloats
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn import ensemble, linear_model, neural_network, preprocessing, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore")
HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
WIDTH = 6


def data(rows, seed):
    random = np.random.default_rng(seed)
    x = np.empty((rows, WIDTH), dtype=np.float32)
    x[:, 0] = np.round(random.gamma(2, 30, rows), 2)
    x[:, 1] = random.integers(0, 4, rows)
    x[:, 2] = random.poisson(3, rows)
    x[:, 3] = random.gamma(3, 20, rows)
    x[:, 4] = random.normal(0, 1, rows)
    x[:, 5] = random.beta(0.2, 2, rows)
    signal = x[:, 0] / 40 + x[:, 5] * 4 + x[:, 4] - x[:, 2] / 3 + random.normal(0, 0.6, rows)
    return x, signal.astype(np.float32)


def write_rows(name, header, rows):
    with open(os.path.join(HERE, name), "w") as file:
        file.write(",".join(header) + "\n")
        for row in rows:
            file.write(",".join("%.17g" % v if row.dtype == np.float64 else "%.9g" % v for v in row) + "\n")


def write(name, model, inputs):
    """The model with the output that Riffle takes, as ONNX Runtime computes it on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {}
    column = 0
    for value in session.get_inputs():
        count = value.shape[1] if len(session.get_inputs()) > 1 else WIDTH
        dtype = {"tensor(double)": np.float64, "tensor(int64)": np.int64}.get(value.type, np.float32)
        feeds[value.name] = inputs[:, column:column + count].astype(dtype)
        column += count
    outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))
    real = [n for n, v in outputs.items() if isinstance(v, list) or v.dtype in (np.float32, np.float64)]
    names = [n for n in real if n in ("probabilities", "output_probability")] + real + list(outputs)
    result = outputs[names[0]]
    if isinstance(result, list):
        result = np.array([[row[k] for k in row] for row in result], dtype=np.float32)
    result = result.reshape(len(inputs), -1)
    onnx.save(model, os.path.join(HERE, name + ".onnx"))
    write_rows(name + ".expected.csv", ["pred%d" % i for i in range(result.shape[1])], result)


def sk(name, model, inputs, kind=FloatTensorType, options=None, **more):
    given = {id(model): options} if options else None
    try:
        model = convert_sklearn(model, initial_types=[("X", kind([None, WIDTH]))], options=given, **more)
    except Exception as error:
        print("%s is not converted: %s" % (name, str(error)[:80]))
        return
    write(name, model, inputs)


def scikit(inputs, missing):
    x, signal = data(600, SEED)
    fraud = (signal > 2.5).astype(int)
    three = np.digitize(signal, [0.5, 2.5])
    y = signal * 50 + 500
    plain = {"zipmap": False}
    sk("logistic_zipmap", make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(x, fraud), inputs)
    sk("logistic_three", linear_model.LogisticRegression(max_iter=2000).fit(x, three), inputs, options=plain)
    ovr = linear_model.SGDClassifier(loss="log_loss", random_state=SEED).fit(preprocessing.scale(x), three)
    sk("sgd_three", ovr, inputs, options=plain)
    sk("linear", linear_model.LinearRegression().fit(x, y), inputs)
    sk("linear_double", linear_model.Ridge().fit(x, y), inputs, DoubleTensorType)
    sk("tree", tree.DecisionTreeClassifier(max_depth=5, random_state=SEED).fit(x, fraud), inputs, options=plain)
    sk("tree_three", tree.DecisionTreeClassifier(max_depth=5, random_state=SEED).fit(x, three), inputs, options=plain)
    sk("tree_regressor", tree.DecisionTreeRegressor(max_depth=6, random_state=SEED).fit(x, y), inputs)
    forest = ensemble.RandomForestClassifier(n_estimators=6, max_depth=6, random_state=SEED)
    sk("forest_three", forest.fit(x, three), inputs, options=plain)
    deep = ensemble.RandomForestClassifier(3, random_state=SEED)
    sk("forest_deep_three", deep.fit(x, three), inputs, options=plain)
    sk("forest_regressor", ensemble.RandomForestRegressor(4, max_depth=5, random_state=SEED).fit(x, y), inputs)
    sk("extra_trees", ensemble.ExtraTreesClassifier(4, max_depth=5, random_state=SEED).fit(x, fraud), inputs, options=plain)
    boosting = ensemble.GradientBoostingClassifier(n_estimators=8, random_state=SEED)
    sk("boosting", boosting.fit(x, fraud), inputs, options=plain)
    boosting = ensemble.GradientBoostingClassifier(n_estimators=5, random_state=SEED)
    sk("boosting_three", boosting.fit(x, three), inputs, options=plain)
    sk("boosting_regressor", ensemble.GradientBoostingRegressor(n_estimators=8).fit(x, y), inputs)
    histogram = ensemble.HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=12, random_state=SEED)
    xm = x.copy()
    xm[::7, 3] = np.nan
    sk("histogram_nan", histogram.fit(xm, fraud), missing, options=plain)
    ada = ensemble.AdaBoostClassifier(n_estimators=4, random_state=SEED)
    sk("ada", ada.fit(x, fraud), inputs, options=plain)
    isolation = ensemble.IsolationForest(n_estimators=8, max_samples=64, random_state=SEED).fit(x)
    sk("isolation", isolation, inputs, target_opset={"": 17, "ai.onnx.ml": 3})
    mlp = neural_network.MLPClassifier(hidden_layer_sizes=(12, 8), activation="tanh", max_iter=60, random_state=SEED)
    sk("mlp_tanh", make_pipeline(preprocessing.MinMaxScaler(), mlp).fit(x, fraud), inputs, options=plain)
    mlp = neural_network.MLPClassifier(hidden_layer_sizes=(10,), max_iter=60, random_state=SEED)
    sk("mlp_three", make_pipeline(preprocessing.RobustScaler(), mlp).fit(x, three), inputs, options=plain)
    mlp = neural_network.MLPRegressor(hidden_layer_sizes=(10,), activation="logistic", max_iter=60, random_state=SEED)
    sk("mlp_regressor", make_pipeline(preprocessing.StandardScaler(), mlp).fit(x, signal), inputs)
    steps = make_pipeline(
        SimpleImputer(strategy="median"), preprocessing.Normalizer("l2"), preprocessing.PolynomialFeatures(2),
        linear_model.LogisticRegression())
    sk("imputed_nan", steps.fit(xm, fraud), missing, options=plain)
    columns = ColumnTransformer([
        ("a", preprocessing.StandardScaler(), [0, 3]), ("b", preprocessing.OneHotEncoder(handle_unknown="ignore"), [1]),
        ("c", "passthrough", [4, 5])])
    mixed = make_pipeline(columns, linear_model.LogisticRegression()).fit(x, fraud)
    sk("columns", mixed, inputs, options=plain)
    names = ["amount", "kind", "count", "mean", "noise", "risk"]
    write("named", convert_sklearn(
        make_pipeline(preprocessing.MaxAbsScaler(), linear_model.LogisticRegression()).fit(x, fraud),
        initial_types=[(n, FloatTensorType([None, 1])) for n in names], options={"zipmap": False}), inputs)
    voting = ensemble.VotingClassifier(
        [("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))], voting="soft")
    sk("voting", voting.fit(x, fraud), inputs, options={"zipmap": False})
    bagging = ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), n_estimators=3, random_state=SEED)
    sk("bagging", bagging.fit(x, fraud), inputs, options=plain)
    sk("calibrated", CalibratedClassifierCV(tree.DecisionTreeClassifier(max_depth=3), cv=2).fit(x, fraud), inputs, options=plain)
    sk("selected", make_pipeline(SelectKBest(k=3), preprocessing.Binarizer(threshold=1.0), linear_model.LogisticRegression()).fit(x, fraud), inputs, options=plain)
    stacking = ensemble.StackingClassifier(
        [("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))], cv=2)
    sk("stacking", stacking.fit(x, fraud), inputs, options={"zipmap": False})


def boosters(missing):
    x, signal = data(600, SEED)
    x[::7, 3] = np.nan
    fraud = (signal > 2.5).astype(int)
    three = np.digitize(signal, [0.5, 2.5])
    kind = [("X", OldFloats([None, WIDTH]))]
    settings = {"n_estimators": 6, "max_depth": 3, "n_jobs": 1}
    for name, objective, y in [
            ("xgb_binary_nan", "binary:logistic", fraud), ("xgb_three_nan", "multi:softprob", three)]:
        write(name, convert_xgboost(xgb.XGBClassifier(objective=objective, **settings).fit(x, y), initial_types=kind), missing)
    for name, objective, y in [
            ("xgb_regressor_nan", "reg:squarederror", signal * 50 + 500), ("xgb_poisson_nan", "count:poisson", np.floor(np.exp(signal / 3)))]:
        write(name, convert_xgboost(xgb.XGBRegressor(objective=objective, **settings).fit(x, y), initial_types=kind), missing)
    settings = {"n_estimators": 6, "num_leaves": 8, "verbose": -1, "n_jobs": 1}
    write("lgb_binary_nan", convert_lightgbm(lgb.LGBMClassifier(**settings).fit(x, fraud), initial_types=kind, zipmap=False), missing)
    write("lgb_three_nan", convert_lightgbm(lgb.LGBMClassifier(**settings).fit(x, three), initial_types=kind), missing)
    write("lgb_regressor_nan", convert_lightgbm(lgb.LGBMRegressor(**settings).fit(x, signal * 50), initial_types=kind), missing)
    write("lgb_poisson_nan", convert_lightgbm(lgb.LGBMRegressor(objective="poisson", **settings).fit(x, np.exp(signal / 4)), initial_types=kind), missing)


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def build(nodes, initializers=(), outputs=(("Y", TensorProto.FLOAT, [None, None]),), opset=18, ml=3, ir=8):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, WIDTH])],
        [helper.make_tensor_value_info(*o) for o in outputs], list(initializers))
    return helper.make_model(graph, ir_version=ir, producer_name="by-hand", opset_imports=[
        helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml)])


MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def random_trees(random, trees, targets, modes, negative=True, edge=False):
    """Attributes of random trees of depth up to 4, thresholds among the values that rows have."""
    x, _ = data(50, 99)
    nodes = {k: [] for k in ["treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids", "tracks"]}
    weights = {"treeids": [], "nodeids": [], "ids": [], "weights": []}

    def grow(number, count, depth):
        here = count[0]
        count[0] += 1
        place = len(nodes["treeids"])
        leaf = depth == 4 or depth > 0 and random.random() < 0.2
        feature = int(random.integers(0, WIDTH))
        value = float(x[random.integers(0, 50), feature])
        if edge and random.random() < 0.2:
            value = float(random.choice([np.inf, -np.inf, 0.0, -0.0, 3e38]))
        for key, item in [("treeids", number), ("nodeids", here), ("featureids", feature), ("values", value),
                          ("modes", "LEAF" if leaf else str(random.choice(modes))), ("truenodeids", 0),
                          ("falsenodeids", 0), ("tracks", int(random.integers(0, 2)))]:
            nodes[key].append(item)
        if leaf:
            for target in range(targets):
                for key, item in [("treeids", number), ("nodeids", here), ("ids", target),
                                  ("weights", float(np.float32(random.normal() if negative else random.random() / 4)))]:
                    weights[key].append(item)
        else:
            nodes["truenodeids"][place] = grow(number, count, depth + 1)
            nodes["falsenodeids"][place] = grow(number, count, depth + 1)
        return here

    for number in range(trees):
        grow(number, [0], 0)
    attributes = {"nodes_" + k: v for k, v in nodes.items() if k != "tracks"}
    attributes["nodes_missing_value_tracks_true"] = nodes["tracks"]
    return attributes, weights


def by_hand(inputs, missing):
    random = np.random.default_rng(SEED + 100)

    def regressor(name, targets=1, modes=MODES, rows=missing, edge=False, **more):
        attributes, weights = random_trees(random, 3, targets, modes, edge=edge)
        attributes.update({"target_" + k: v for k, v in weights.items()})
        node = helper.make_node("TreeEnsembleRegressor", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=targets, **attributes, **more)
        write(name, build([node]), rows)

    regressor("all_modes_nan")
    regressor("ordered_modes_nan", modes=MODES[:4], edge=True)
    regressor("minimum_nan", 2, aggregate_function="MIN", base_values=[0.5, -0.25])
    regressor("maximum_nan", aggregate_function="MAX", base_values=[0.5])
    regressor("average_nan", 2, modes=MODES[:2], aggregate_function="AVERAGE", base_values=[0.5, -0.25])
    regressor("logistic_one_nan", post_transform="LOGISTIC", base_values=[0.25])
    regressor("softmax_three_nan", 3, post_transform="SOFTMAX")
    regressor("softmax_zero_nan", 3, post_transform="SOFTMAX_ZERO")

    def classifier(name, labels, targets, negative, ids=None, **more):
        attributes, weights = random_trees(random, 3, targets, MODES[:2], negative=negative)
        if ids is not None:
            weights["ids"] = [ids] * len(weights["ids"])
        attributes.update({"class_" + k: v for k, v in weights.items()})
        node = helper.make_node("TreeEnsembleClassifier", ["X"], ["L", "Y"], domain="ai.onnx.ml",
                                classlabels_int64s=list(range(labels)), **attributes, **more)
        outputs = [("L", TensorProto.INT64, [None]), ("Y", TensorProto.FLOAT, [None, labels])]
        write(name, build([node], outputs=outputs), missing)

    for transform in ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]:
        word = transform.lower()
        classifier("two_mixed_%s_nan" % word, 2, 1, True, post_transform=transform)
        classifier("two_positive_%s_nan" % word, 2, 1, False, post_transform=transform)
        classifier("two_each_%s_nan" % word, 2, 2, True, post_transform=transform)
        classifier("three_%s_nan" % word, 3, 3, True, post_transform=transform, base_values=[0.1, 0.2, -0.3])
    classifier("two_base_nan", 2, 1, True, post_transform="LOGISTIC", base_values=[0.3])
    regressor("probit_nan", post_transform="PROBIT", base_values=[0.5])
    classifier("two_second_nan", 2, 1, True, ids=1, post_transform="LOGISTIC")

    for transform in ["NONE", "LOGISTIC", "SOFTMAX"]:
        coefficients = [float(v) for v in np.float32(random.normal(0, 0.02, WIDTH))]
        node = helper.make_node("LinearClassifier", ["X"], ["L", "Y"], domain="ai.onnx.ml", classlabels_ints=[0, 1],
                                coefficients=coefficients, intercepts=[0.25], post_transform=transform)
        outputs = [("L", TensorProto.INT64, [None]), ("Y", TensorProto.FLOAT, [None, 2])]
        write("linear_one_%s" % transform.lower(), build([node], outputs=outputs), inputs)
    networks(inputs, random)
    five(missing, random)


def networks(inputs, random):
    """What networks and hand-written graphs are made of."""
    w = [np.float32(random.normal(0, 0.2, s)) for s in [(WIDTH, 9), (9,), (5, 9), (5,), (5, 3), (3,)]]
    n = helper.make_node
    nodes = [
        n("BatchNormalization", ["X", "g", "b", "m", "v"], ["x0"]), n("Gemm", ["x0", "w0", "w1"], ["x1"]),
        n("LeakyRelu", ["x1"], ["x2"], alpha=0.1), n("Gemm", ["x2", "w2", "w3"], ["x3"], transB=1, alpha=0.5, beta=2.0),
        n("Elu", ["x3"], ["x4"]), n("MatMul", ["x4", "w4"], ["x5"]), n("Add", ["x5", "w5"], ["x6"]),
        n("Dropout", ["x6"], ["x7"]), n("LogSoftmax", ["x7"], ["x8"], axis=-1), n("Exp", ["x8"], ["Y"])]
    stats = [np.float32(a) for a in (np.full(WIDTH, 1.5), np.full(WIDTH, 0.1), inputs.mean(0), inputs.var(0))]
    write("network", build(nodes, [tensor("w%d" % i, a) for i, a in enumerate(w)] + [tensor(k, a) for k, a in zip("gbmv", stats)]), inputs)
    i64 = lambda name, values: tensor(name, np.array(values, dtype=np.int64))
    nodes = [
        n("Slice", ["X", "s0", "s1", "ax", "st"], ["a"]), n("Gather", ["X", "ix"], ["b"], axis=1),
        n("Concat", ["a", "b"], ["c"], axis=-1), n("Reshape", ["c", "sh"], ["d"]), n("Transpose", ["d"], ["e"], perm=[0, 2, 1]),
        n("ReduceMean", ["e"], ["f"], axes=[1], keepdims=0), n("Softmax", ["f"], ["p"], axis=1),
        n("ReduceMax", ["e"], ["h"], axes=[2], keepdims=0), n("ReduceSum", ["X", "ax"], ["t"], keepdims=1),
        n("Greater", ["f", "lim"], ["q"]), n("Not", ["q"], ["r"]), n("Where", ["r", "f", "lim"], ["u"]),
        n("Cast", ["q"], ["z"], to=TensorProto.FLOAT), n("Clip", ["t", "lo", "hi"], ["k"]), n("Unsqueeze", ["k", "ax"], ["k3"]),
        n("Squeeze", ["k3", "ax"], ["k2"]), n("Sqrt", ["k2"], ["k1"]), n("Tanh", ["h"], ["h1"]), n("Flatten", ["d"], ["d1"]),
        n("ArgMax", ["X"], ["am"], axis=1), n("Cast", ["am"], ["amf"], to=TensorProto.FLOAT),
        n("Gather", ["table", "am"], ["looked"], axis=0), n("Flatten", ["looked"], ["looked1"]),
        n("Shape", ["X"], ["shape"]), n("Gather", ["shape", "zero"], ["rows"], axis=0), n("Concat", ["rows", "one"], ["target"], axis=0),
        n("Reshape", ["t", "target"], ["t2"]), n("Split", ["X"], ["s_a", "s_b"], axis=1, **{}),
        n("Max", ["s_a", "s_b"], ["mx"]), n("Erf", ["mx"], ["er"]),
        n("TopK", ["X", "two"], ["tv", "ti"], axis=1), n("Cast", ["ti"], ["tif"], to=TensorProto.FLOAT),
        n("ConstantOfShape", ["one"], ["zeros"]), n("Add", ["s_a", "zeros"], ["s_c"]), n("Abs", ["s_c"], ["s_d"]), n("Pow", ["s_d", "half"], ["s_e"]),
        n("IsNaN", ["X"], ["nn"]), n("Cast", ["nn"], ["nf"], to=TensorProto.FLOAT), n("Log", ["s_d1"], ["lg"]), n("Add", ["s_d", "half"], ["s_d1"]),
        n("Concat", ["p", "h1", "u", "z", "k1", "d1", "amf", "looked1", "t2", "er", "tv", "tif", "s_e", "nf", "lg"], ["Y"], axis=1)]
    init = [i64("s0", [5]), i64("s1", [-7]), i64("ax", [1]), i64("st", [-2]), i64("ix", [0, 5, 5]), i64("sh", [0, 2, 3]), i64("zero", [0]),
            i64("one", [1]), i64("two", [2]), tensor("lim", np.float32([3.0, 20.0])), tensor("lo", np.float32(10)), tensor("hi", np.float32(150)),
            tensor("table", np.float32(random.normal(0, 1, (WIDTH, 2)))), tensor("half", np.float32([0.5]))]
    write("moves", build(nodes, init, opset=14), inputs)
    node = n("Cast", ["X"], ["Y"], to=TensorProto.INT64)
    write("integers", build([node], outputs=[("Y", TensorProto.INT64, [None, WIDTH])]), inputs)


def five(missing, random):
    """TreeEnsemble of operator set 5, with a set as a comparison."""
    splits = tensor("", np.float32([60.0, 0, 0.1, 2.0]))
    node = helper.make_node(
        "TreeEnsemble", ["X"], ["Y"], domain="ai.onnx.ml", n_targets=2, aggregate_function=1, post_transform=0,
        tree_roots=[0, 3], nodes_modes=tensor("", np.uint8([0, 6, 1, 3])), nodes_featureids=[0, 1, 5, 2], nodes_splits=splits,
        nodes_truenodeids=[1, 0, 2, 4], nodes_trueleafs=[0, 1, 1, 1], nodes_falsenodeids=[2, 1, 3, 5], nodes_falseleafs=[0, 1, 1, 1],
        nodes_missing_value_tracks_true=[1, 0, 1, 0], membership_values=tensor("", np.float32([1.0, 3.0, np.nan])),
        leaf_targetids=[0, 1, 0, 1, 0, 1], leaf_weights=tensor("", np.float32([5.23, 12.12, -12.23, 7.21, 0.5, -0.25])))
    write("five_nan", build([node], opset=21, ml=5, ir=10), missing)


def main():
    inputs = data(60, SEED + 2)[0]
    missing = data(60, SEED + 3)[0]
    missing[np.random.default_rng(SEED + 4).random(missing.shape) < 0.12] = np.nan
    header = ["f%d" % i for i in range(WIDTH)]
    write_rows("inputs.csv", header, inputs)
    write_rows("inputs_nan.csv", header, missing)
    for part in [lambda: by_hand(inputs, missing), lambda: boosters(missing), lambda: scikit(inputs, missing)]:
        part()


if __name__ == "__main__":
    main()
