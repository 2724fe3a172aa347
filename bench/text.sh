#!/usr/bin/env bash
# Measures models of texts against sentence-transformers (about 5 GB from PyPI, once) and scikit-learn, and writes docs/benchmarks-text.md.
#
#   bench/text.sh               uses the Python environment in PEERS, if that is set and has the peers
#   bench/text.sh --without-peer        without sentence-transformers: accuracies and seconds alone, beside scikit-learn's
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
ingot=$CARGO_TARGET_DIR/debug/ingot
"$ingot" pull onnxruntime minilm-l6 >/dev/null
[ -f examples/text/data/reviews.csv ] || python3 examples/text/fetch.py
venv=${PEERS:-$INGOT_CACHE/bench-text}
if ! [ -x "$venv/bin/python" ]; then
    peers=(scikit-learn)
    if [ "${1:-}" != --without-peer ]; then
        echo "bench: installing PyTorch into $venv"
        peers+=(torch sentence-transformers)
    fi
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${peers[@]}"
fi
exec "$venv/bin/python" bench/text.py --ingot "$ingot" --cache "$INGOT_CACHE" --page docs/benchmarks-text.md "$@"
