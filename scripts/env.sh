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
