#!/usr/bin/env bash
# Measures models of pictures against PyTorch (about 5 GB from PyPI, once) and writes docs/benchmarks-vision.md.
#
#   bench/vision.sh PHOTOS      a folder with a folder of JPEG files for each of two classes
set -euo pipefail
photos=$(realpath "${1:?bench: name a folder of photographs, a folder for each class}")
cd "$(dirname "$0")/.."
. scripts/env.sh
command -v wrk >/dev/null || { echo 'bench: please install wrk' >&2; exit 2; }
ingot=$CARGO_TARGET_DIR/debug/ingot
"$ingot" pull onnxruntime mobilenet-v2 >/dev/null
venv=$INGOT_CACHE/bench-vision
if ! [ -x "$venv/bin/python" ]; then
    echo "bench: installing PyTorch into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check torch torchvision onnx onnxruntime pillow
fi
exec "$venv/bin/python" bench/vision.py --ingot "$ingot" --cache "$INGOT_CACHE" --page docs/benchmarks-vision.md "$photos"
