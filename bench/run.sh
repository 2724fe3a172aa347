#!/usr/bin/env bash
# Measures the built program against peers from PyPI and writes docs/benchmarks.md.
#
#   bench/run.sh [PART...] [--runs N] [--rows N]     parts: clean train explain serve coldstart; all without one
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
if ! command -v wrk >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo 'bench: please install wrk:  sudo apt-get install wrk' >&2; exit 2; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
fi
venv=$INGOT_CACHE/bench-peers
if ! cmp -s bench/requirements.txt "$venv/installed.txt"; then
    echo "bench: installing the peers into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r bench/requirements.txt
    cp bench/requirements.txt "$venv/installed.txt"
fi
exec "$venv/bin/python" bench/run.py --ingot "$CARGO_TARGET_DIR/debug/ingot" --cache "$INGOT_CACHE/bench" "$@"
