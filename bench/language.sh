#!/usr/bin/env bash
# Trains the same steps of an adapter with Ingot and with PyTorch + PEFT and writes docs/benchmarks-language.md.
#
#   bench/language.sh [STEPS]      PYTHON names a Python that has torch, transformers and peft; else they are installed (about 5 GB, once)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
steps=${1:-20}
model=$INGOT_CACHE/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf
[ -f "$model" ] || { echo 'bench: ingot pull smollm2-135m first' >&2; exit 2; }
venv=$INGOT_CACHE/bench-language
python=${PYTHON:-$venv/bin/python}
if ! [ -x "$python" ]; then
    echo "bench: installing PyTorch into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check torch transformers peft safetensors
fi
cargo build -p ingot-train --features language --example adapter_steps
exec "$python" bench/language.py --program "$CARGO_TARGET_DIR/debug/examples/adapter_steps" --model "$model" --steps "$steps" --page docs/benchmarks-language.md
