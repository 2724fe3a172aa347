# Sourced by the Makefile and the other scripts: one cache and one target folder that survive checkouts.
# shellcheck shell=bash

INGOT_CACHE=${INGOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ingot}
export INGOT_CACHE
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$INGOT_CACHE/target}
if [ -x "$INGOT_CACHE/build-tools/bin/cmake" ]; then
    # Behind the machine's own tools in every respect but cmake.
    mkdir -p "$INGOT_CACHE/bin"
    ln -sfn "$INGOT_CACHE/build-tools/bin/cmake" "$INGOT_CACHE/bin/cmake"
    export PATH="$INGOT_CACHE/bin:$PATH"
fi
export PATH="$PATH:/usr/sbin:/sbin"
# llama.cpp is built for this machine's processor, as its own programs are; INGOT_PORTABLE=1 builds for any with AVX2. A program that meets
# a processor without what it was built for says so when a language model is loaded.
for pair in avx512vl:AVX512 avx512vbmi:AVX512_VBMI avx512_vnni:AVX512_VNNI avx512_bf16:AVX512_BF16; do
    switch=OFF
    if [ -z "${INGOT_PORTABLE:-}" ] && grep -qw -m 1 "${pair%%:*}" /proc/cpuinfo 2>/dev/null; then switch=ON; fi
    # Off is said too: a switch left unsaid would keep what an earlier build in the same folder had.
    export "GGML_${pair##*:}=$switch"
done
