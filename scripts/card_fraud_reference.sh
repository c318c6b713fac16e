#!/bin/sh
# Makes pipelines/card-fraud/references/card-fraud.json: 75 generated days through the pipeline, of which the first 37 only
# fill its windows.
#
#     scripts/card_fraud_reference.sh [RIFFLE]
#
# RIFFLE is the program to use; default: .build/release/riffle. It takes a minute, and 200 MB in a temporary directory.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
riffle=${1:-$root/.build/release/riffle}
pipeline=$root/pipelines/card-fraud/pipeline.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$riffle" generate "$pipeline" --output "$work/events.csv.gz" --labels-output "$work/labels.csv.gz" --days 75 --start 2025-01-01
"$riffle" replay "$pipeline" -i transactions="$work/events.csv.gz" -i labels="$work/labels.csv.gz" --from 2025-02-07 \
    -o "$work/rows.csv.gz"
"$riffle" baseline "$pipeline" -i "$work/rows.csv.gz" --labels "$work/labels.csv.gz" --replace
