#!/usr/bin/env bash
# Trains, quantises and questions the model of examples/assistant and writes docs/benchmarks-llm.md.
#
#   bench/llm.sh [FOLDER]      FOLDER is where the project is made [default: a temporary one, removed at the end]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
ingot=$CARGO_TARGET_DIR/debug/ingot
[ -x "$ingot" ] || { echo 'bench: cargo build --workspace --features ingot-cli/full first' >&2; exit 2; }
"$ingot" pull smollm2-135m >/dev/null
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
# Not exec: the folder is removed afterwards.
python3 bench/llm.py --ingot "$ingot" --folder "$folder" --page docs/benchmarks-llm.md
