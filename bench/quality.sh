#!/usr/bin/env bash
# Measures near duplicates against datatrove and label errors against cleanlab, and writes docs/benchmarks-quality.md.
#
#   bench/quality.sh [--documents N] [--runs N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
venv=${INGOT_BENCH_QUALITY:-$INGOT_CACHE/bench-quality}
if ! [ -x "$venv/bin/python" ]; then
    echo "bench: installing the peers into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check cleanlab==2.9.0 datatrove==0.10.1 orjson xxhash==3.5.0 spacy tokenizers psutil regex
fi
exec "$venv/bin/python" bench/quality.py --ingot "$CARGO_TARGET_DIR/debug/ingot" --page docs/benchmarks-quality.md "$@"
