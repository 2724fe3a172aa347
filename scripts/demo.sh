#!/usr/bin/env bash
# The whole way in one go: a bank's table becomes a sealed, explained model that answers over HTTP.
# Runs in the repository's root (keys, .ingot and dist appear there) or in INGOT_DEMO_DIR. Needs the built program.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

ingot=$CARGO_TARGET_DIR/debug/ingot
recipe=$PWD/verticals/finance/ingot.toml
project=${INGOT_DEMO_DIR:-$PWD}
[ -x "$ingot" ] || { echo "demo: $ingot is not built; run: make build" >&2; exit 2; }
mkdir -p "$project"
cd "$project"

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }

title '1  Keys'
if [ -d keys ]; then
    echo 'keys/ is there already'
else
    "$ingot" init --keys-only
fi

title '2  From the table to the sealed package: ingot run verticals/finance/ingot.toml'
"$ingot" run "$recipe"
# shellcheck disable=SC2012
package=$(ls -t dist/*.ingot | head -n 1)

title "3  Its signature and every byte: ingot verify $package --public-key keys/signing.pub"
"$ingot" verify "$package" --public-key keys/signing.pub

title '4  The server'
port=5000
if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    echo "port 5000 is taken; using $port"
fi
log=$(mktemp)
"$ingot" serve "$package" --listen "127.0.0.1:$port" >"$log" 2>&1 &
server=$!
# Only this server is ever ended, and only by its own number.
trap 'kill -TERM "$server" 2>/dev/null || true; rm -f "$log"' EXIT
ready=no
for _ in $(seq 300); do
    if curl --silent --fail --output /dev/null "http://127.0.0.1:$port/readyz"; then
        ready=yes
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ "$ready" = yes ] || { echo 'demo: the server did not start:' >&2; cat "$log" >&2; exit 1; }
key=$("$ingot" --json key create --name demo --expires-days 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')
echo "listening on http://127.0.0.1:$port, with a key that expires tomorrow"

title '5  One applicant: POST /api/predict'
# The question comes from the package's own signature: any value that the model knows.
applicant=$("$ingot" --json inspect "$package" | python3 -c '
import json, sys
fields = {}
for field in json.load(sys.stdin)["signature"]["inputs"]:
    kind = field["kind"]
    if kind == "number":
        fields[field["name"]] = int((field["min"] + field["max"]) / 2)
    elif kind == "category":
        fields[field["name"]] = field["values"][0]
    else:
        fields[field["name"]] = True
print(json.dumps(fields, ensure_ascii=False))
')
echo "$applicant"
ask() {
    curl --silent --show-error --fail-with-body -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
        --data "$applicant" "http://127.0.0.1:$port$1" | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin), ensure_ascii=False, indent=2))'
}
ask /api/predict

title '6  And why: POST /api/explain'
# To the end: a reader that leaves early would make the writer fail.
ask /api/explain | sed -n 1,40p

title '7  Recorded for the key'
"$ingot" usage

title '8  Drain'
kill -TERM "$server"
status=0
wait "$server" || status=$?
trap 'rm -f "$log"' EXIT
[ "$status" = 0 ] || { echo "demo: the server ended with $status:" >&2; cat "$log" >&2; exit 1; }
echo 'the server answered what it had accepted and ended'

title 'What you have now'
# shellcheck disable=SC2012
ls -1 dist | sed "s|^|  dist/|"
cat <<'TEXT'

The reports open in any browser. Run `make demo` again: every stage is up to date. Next: README.md, "A quick tour".
报告可用任意浏览器打开。再次运行 `make demo`，所有阶段都会显示“已是最新”。接下来请看 README.zh-CN.md 的“快速上手”。
TEXT
