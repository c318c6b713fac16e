#!/usr/bin/env bash
# The Fraud Detection Handbook's transactions, and their labels a week later, through `replay` and through `run` on the embedded
# cluster with 4 partitions a topic and three fetch sizes; and through the pipeline whose events carry their labels, with models of
# XGBoost, LightGBM and scikit-learn. Features are held against the expected integers, scores against the published metrics.
set -euo pipefail
riffle=$1
shared=${RIFFLE_SHARED:-../shared}
data=$shared/data/handbook
models=$shared/golden/models/handbook_e2e
model=$models/xgb_default_exact.json
if [ ! -r "$data/transactions_days_78_135.csv.gz" ]; then
    echo "handbook: skipped, $data is absent (its data carry no licence and are not part of the project)"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
expected=$data/expected_features_train_test_days.csv.gz
transactions=$data/transactions_days_78_135.csv.gz
pipeline=pipelines/card-fraud/pipeline.yaml

check() {
    python3 scripts/handbook.py compare "$expected" "$1"
    python3 scripts/handbook.py metrics "$transactions" "$1"
}

echo "== replay, labels in the events"
python3 scripts/handbook.py convert "$transactions" "$work/labelled.ndjson"
"$riffle" replay pipelines/card-fraud/replay-labelled.yaml --model "$model" --input "$work/labelled.ndjson" --output "$work/labelled.csv"
check "$work/labelled.csv"

# What each library's own predictions give on the same features (golden/models/handbook_e2e was trained on them).
echo "== replay with models of three libraries: ROC AUC, average precision, card precision@100, each as expected"
while read -r name figures; do
    "$riffle" replay pipelines/card-fraud/replay-labelled.yaml --model "$models/$name" --input "$work/labelled.ndjson" \
        --output "$work/model.csv" 2>"$work/model.log" || { cat "$work/model.log" >&2; exit 1; }
    # shellcheck disable=SC2086
    python3 scripts/handbook.py metrics "$transactions" "$work/model.csv" --name "$name" --expect $figures
done <<'END'
xgb_default_exact.json 0.862 0.639 0.273
xgb_default_exact.ubj 0.862 0.639 0.273
xgb_100_d3_eta01.json 0.8725 0.6827 0.2957
lgb_100_l8.txt 0.8807 0.6301 0.2900
rf50_d10.onnx 0.8684 0.6382 0.2900
logreg_scaled.onnx 0.870 0.605 0.291
END
rm "$work/labelled.ndjson" "$work/model.csv"

echo "== replay, labels from a file of their own"
python3 scripts/handbook.py convert "$transactions" "$work/events.ndjson" --labels "$work/labels.ndjson"
inputs=(--input "transactions=$work/events.ndjson" --input "labels=$work/labels.ndjson")
"$riffle" replay $pipeline --model "$model" "${inputs[@]}" --output "$work/replay.csv"
check "$work/replay.csv"
# Every row, not only those with expected values.
cmp "$work/labelled.csv" "$work/replay.csv"

# The same pipeline with its features in the scores, and with the handbook's model.
sed -e "s|file: models/card-fraud.json|file: $(realpath "$model")|" -e 's/features: \[[^]]*]/features: all/' \
    -e 's/^  start: earliest.*/&\n  properties: {fetch.message.max.bytes: "${FETCH_BYTES}"}/' $pipeline >"$work/pipeline.yaml"
for bytes in 65536 262144 4194304; do
    echo "== run with fetch.message.max.bytes $bytes"
    FETCH_BYTES=$bytes "$riffle" bench kafka "$work/pipeline.yaml" "${inputs[@]}" --output "$work/scores.ndjson"
    check "$work/scores.ndjson"
    rm "$work/scores.ndjson"
done
