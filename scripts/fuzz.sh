#!/usr/bin/env bash
# Each fuzz target (or those named) for INGOT_FUZZ_SECONDS, 30 unless set. What is found stands in fuzz/artifacts; what was
# learnt stays in fuzz/corpus. cargo-fuzz comes from crates.io: `cargo install cargo-fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
seconds=${INGOT_FUZZ_SECONDS:-30}
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: cargo install --locked cargo-fuzz" >&2
    exit 1
fi
# A folder of its own: instrumented code is of no use to other builds.
export CARGO_TARGET_DIR=${INGOT_FUZZ_TARGET_DIR:-$INGOT_CACHE/fuzz}
# The one toolchain is stable; coverage needs no sanitizer, and Rust without `unsafe` has little use for one.
export RUSTC_BOOTSTRAP=1
python3 fuzz/seeds.py fuzz/corpus
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
cargo fuzz build --sanitizer none
failed=()
for target in "${targets[@]}"; do
    echo "== $target, $seconds s"
    cargo fuzz run --sanitizer none "$target" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 ||
        failed+=("$target")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "found something: ${failed[*]}; the inputs stand in fuzz/artifacts" >&2
    exit 1
fi
