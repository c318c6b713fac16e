"""Rows a second of a model on one core: Riffle beside the libraries, on the same rows in the same run.

    pip install xgboost==3.2.0 lightgbm==4.7.0 onnxruntime tl2cgen numpy     # what is not there is left out
    python scripts/bench_models.py MODEL... --input X.csv --riffle .build/release/riffle

MODEL is XGBoost's .json or .ubj, LightGBM's .txt, an .onnx or an isolation forest of `riffle train`, beside which
scikit-learn fits one of its own. X.csv has a header and one column an input; an empty cell or nan is a missing value.
Rows are float32 for the libraries. The figure is the fastest of several passes over all rows; TL2cgen needs a C
compiler. With --contributions it is the explanation of a row (TreeSHAP), which XGBoost and LightGBM have too.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

BATCHES = [1, 256, 4096]
SECONDS = 1.0


def nanoseconds(predict, rows, batch):
    """Of one row, in the fastest pass; a pass of single rows takes a part of them."""
    part = rows[:512] if batch == 1 else rows
    slices = [part[start:start + batch] for start in range(0, len(part), batch)]
    fastest = float("inf")
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter_ns()
        for piece in slices:
            predict(piece)
        fastest = min(fastest, (time.perf_counter_ns() - start) / len(part))
    return fastest


def xgboost_predict(path):
    import xgboost

    booster = xgboost.Booster({"nthread": 1}, model_file=path)
    booster.set_param({"nthread": 1})
    return "XGBoost %s inplace_predict" % xgboost.__version__, booster.inplace_predict


def lightgbm_predict(path):
    import lightgbm

    booster = lightgbm.Booster(model_file=path)
    return "LightGBM %s" % lightgbm.__version__, lambda rows: booster.predict(rows, num_threads=1)


def onnx_predict(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return "ONNX Runtime %s" % onnxruntime.__version__, lambda rows: session.run(None, {name: rows})


def compiled_predict(path, folder):
    import tl2cgen
    import treelite

    if path.endswith(".txt"):
        model = treelite.frontend.load_lightgbm_model(path)
    else:
        model = treelite.frontend.load_xgboost_model(path, format_choice="inspect")
    library = os.path.join(folder, "model.so")
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 8})
    predictor = tl2cgen.Predictor(library, nthread=1)
    return "TL2cgen %s" % tl2cgen.__version__, lambda rows: predictor.predict(tl2cgen.DMatrix(rows))


def xgboost_explain(path):
    import xgboost

    booster = xgboost.Booster({"nthread": 1}, model_file=path)
    booster.set_param({"nthread": 1})

    def explain(rows):
        return booster.predict(xgboost.DMatrix(rows, nthread=1), pred_contribs=True, validate_features=False)

    return "XGBoost %s pred_contribs" % xgboost.__version__, explain


def lightgbm_explain(path):
    import lightgbm

    booster = lightgbm.Booster(model_file=path)
    return "LightGBM %s pred_contrib" % lightgbm.__version__, lambda rows: booster.predict(
        rows, num_threads=1, pred_contrib=True)


def is_isolation_forest(path):
    """Whether it is one of `riffle train isolation-forest`, which no library reads: one like it is fitted instead."""
    with open(path, "rb") as file:
        return b'"riffle-isolation-forest"' in file.read(64)


def fitted_forest(path, rows):
    """A forest of scikit-learn's with as many trees on as large samples, fitted to the rows that are timed."""
    import json

    import sklearn
    from sklearn.ensemble import IsolationForest

    with open(path) as file:
        model = json.load(file)
    forest = IsolationForest(
        n_estimators=len(model["trees"]), max_samples=min(model["sample"], len(rows)), random_state=1, n_jobs=1)
    forest.fit(rows)
    return "scikit-learn %s score_samples" % sklearn.__version__, forest.score_samples


def explaining_libraries(path):
    if is_isolation_forest(path):
        return
    makers = {".txt": [lightgbm_explain], ".onnx": []}.get(os.path.splitext(path)[1], [xgboost_explain])
    for make in makers:
        try:
            yield make(path)
        except Exception as error:
            print("left out: %s" % str(error).split("\n")[0])


def libraries(path, folder, rows):
    makers = {".txt": [lightgbm_predict], ".onnx": [onnx_predict]}.get(os.path.splitext(path)[1], [xgboost_predict])
    if not path.endswith(".onnx"):
        makers = makers + [lambda path: compiled_predict(path, folder)]
    if is_isolation_forest(path):
        makers = [lambda path: fitted_forest(path, rows)]
    for make in makers:
        try:
            yield make(path)
        except Exception as error:
            print("left out: %s" % str(error).split("\n")[0])


def riffle(command, path, data):
    output = subprocess.run([*command, path, "--input", data], capture_output=True, text=True, check=True).stdout
    return [float(re.search(r"batch %d: (\d+) ns" % batch, output).group(1)) for batch in BATCHES]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+")
    parser.add_argument("--input", required=True)
    parser.add_argument("--riffle", nargs="+", default=[".build/release/riffle", "bench", "models"])
    parser.add_argument("--contributions", action="store_true")
    options = parser.parse_args()
    command = options.riffle + (["--contributions"] if options.contributions else [])
    rows = np.genfromtxt(options.input, delimiter=",", skip_header=1, dtype=np.float32)
    rows = np.ascontiguousarray(np.tile(rows, (-(-4096 // len(rows)), 1))[:max(4096, len(rows))])
    for path in options.models:
        print("\n%s, %d rows; ns a row, one core" % (os.path.basename(path), len(rows)))
        print("| | %s |" % " | ".join("batch %d" % batch for batch in BATCHES))
        print("| --- | %s |" % " | ".join("---:" for _ in BATCHES))
        print("| Riffle | %s |" % " | ".join("%.0f" % figure for figure in riffle(command, path, options.input)))
        with tempfile.TemporaryDirectory() as folder:
            for name, predict in explaining_libraries(path) if options.contributions else libraries(path, folder, rows):
                figures = [nanoseconds(predict, rows, batch) for batch in BATCHES]
                print("| %s | %s |" % (name, " | ".join("%.0f" % figure for figure in figures)), flush=True)


main()
