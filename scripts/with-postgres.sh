#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own on loopback, and stops the server afterwards.
#
#   scripts/with-postgres.sh COMMAND [ARGUMENTS...]
#
# The command sees INGOT_TEST_POSTGRES, the URL of an empty database that it may fill.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,7p' "$0" >&2; exit 2; }

bin=${INGOT_TEST_PG_BIN:-$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")}
[ -x "$bin/initdb" ] || { echo "with-postgres.sh: PostgreSQL is missing; see scripts/test-tools.sh" >&2; exit 2; }

work=$(mktemp -d)
# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    as=(runuser -u postgres --)
    chown postgres "$work"
fi
stop() {
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$work"
}
trap stop EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
(
    cd /
    "${as[@]}" "$bin/initdb" -D "$work/data" -U ingot --auth=trust --encoding=UTF8 --no-sync >/dev/null
    "${as[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/log" \
        -o "-p $port -k $work -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null
    "${as[@]}" "$bin/createdb" -h 127.0.0.1 -p "$port" -U ingot ingot
)
export INGOT_TEST_POSTGRES=postgres://ingot@127.0.0.1:$port/ingot
status=0
"$@" || status=$?
exit "$status"
