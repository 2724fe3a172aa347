#!/usr/bin/env bash
# Measures the built program against peers from PyPI in one run and writes docs/benchmarks.md.
#
#   scripts/bench.sh [PART...]     clean train explain serve; all of them without arguments
#
# INGOT_BENCH_ROWS sets the table's rows for `clean` [default: 5000000].
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
if ! command -v wrk >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo 'bench: please install wrk:  sudo apt-get install wrk' >&2; exit 2; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
fi
venv=$INGOT_CACHE/bench-tools
if ! cmp -s scripts/bench/requirements.txt "$venv/installed.txt"; then
    echo "bench: installing peers into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/bench/requirements.txt
    cp scripts/bench/requirements.txt "$venv/installed.txt"
fi
export INGOT=$CARGO_TARGET_DIR/debug/ingot
exec "$venv/bin/python" scripts/bench/bench.py "$@"
