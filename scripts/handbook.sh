#!/usr/bin/env bash
# The Fraud Detection Handbook's transactions through `replay`, and through `run` on the embedded cluster with 4 partitions keyed by
# customer and three fetch sizes; features held against the expected integers, scores against the published metrics.
set -euo pipefail
riffle=$1
shared=${RIFFLE_SHARED:-../shared}
data=$shared/data/handbook
model=$shared/golden/models/handbook_e2e/xgb_default_exact.json
if [ ! -r "$data/transactions_days_78_135.csv.gz" ]; then
    echo "handbook: skipped, $data is absent (its data carry no licence and are not part of the project)"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
expected=$data/expected_features_train_test_days.csv.gz
transactions=$data/transactions_days_78_135.csv.gz
pipeline=pipelines/card-fraud/pipeline.yaml

python3 scripts/handbook.py convert "$transactions" "$work/events.ndjson"
echo "== replay"
"$riffle" replay $pipeline --model "$model" --input "$work/events.ndjson" --output "$work/replay.csv"
python3 scripts/handbook.py compare "$expected" "$work/replay.csv"
python3 scripts/handbook.py metrics "$transactions" "$work/replay.csv"

# The same pipeline with its features in the scores, and with the handbook's model.
sed -e "s|file: models/card-fraud.json|file: $(realpath "$model")|" -e 's/features: none/features: all/' \
    -e 's/^  start: earliest.*/&\n  properties: {fetch.message.max.bytes: "${FETCH_BYTES}"}/' $pipeline >"$work/pipeline.yaml"
for bytes in 65536 262144 4194304; do
    echo "== run with fetch.message.max.bytes $bytes"
    FETCH_BYTES=$bytes "$riffle" bench kafka "$work/pipeline.yaml" --input "$work/events.ndjson" --output "$work/scores.ndjson"
    python3 scripts/handbook.py compare "$expected" "$work/scores.ndjson"
    python3 scripts/handbook.py metrics "$transactions" "$work/scores.ndjson"
    rm "$work/scores.ndjson"
done
