#!/usr/bin/env bash
# All tests, with the tools of others beside them. Arguments go to the test runner.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
. scripts/test-tools.sh
# Tests share the cores: a library that waits for its threads by spinning takes them from the others.
export OMP_WAIT_POLICY=PASSIVE

# With MPI besides: it is no part of `full`, as programs that have it need the machine's library (docs/decisions/0014).
features=ingot-cli/full,ingot-cli/mpi

if cargo nextest --version >/dev/null 2>&1; then
    profile=default
    [ -n "${CI:-}" ] && profile=ci
    scripts/with-postgres.sh cargo nextest run --workspace --features "$features" --profile "$profile" "$@"
else
    scripts/with-postgres.sh cargo test --workspace --features "$features" "$@"
fi
