#!/usr/bin/env bash
# Prepares millions of rows (text scan, encryption, split) and measures time and memory; writes docs/benchmarks-scale.md.
#
#   bench/scale.sh [--rows N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
exec python3 bench/scale.py --ingot "$CARGO_TARGET_DIR/debug/ingot" --cache "$INGOT_CACHE/bench" --page docs/benchmarks-scale.md "$@"
