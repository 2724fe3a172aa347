#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own on loopback, and stops the server afterwards.
#
#   scripts/with-postgres.sh COMMAND [ARGUMENTS...]
#
# The command sees INGOT_TEST_POSTGRES, the URL of an empty database that it may fill, and INGOT_TEST_POSTGRES_CA, the certificate of
# the authority that vouches for the server's own.
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
# An authority, and a certificate of 127.0.0.1 signed by it.
openssl req -x509 -newkey rsa:2048 -noenc -keyout "$work/ca.key" -out "$work/ca.crt" -days 2 \
    -subj '/CN=authority of a test' 2>/dev/null
openssl req -newkey rsa:2048 -noenc -keyout "$work/server.key" -out "$work/server.csr" -subj '/CN=127.0.0.1' 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >"$work/extensions"
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
    -extfile "$work/extensions" -out "$work/server.crt" 2>/dev/null
chmod 600 "$work/server.key"
[ "$(id -u)" != 0 ] || chown postgres "$work/server.key" "$work/server.crt"
(
    cd /
    "${as[@]}" "$bin/initdb" -D "$work/data" -U ingot --auth=trust --encoding=UTF8 --no-sync >/dev/null
    "${as[@]}" "$bin/pg_ctl" -D "$work/data" -w -l "$work/log" \
        -o "-p $port -k $work -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on -c ssl_cert_file=$work/server.crt -c ssl_key_file=$work/server.key" start >/dev/null
    "${as[@]}" "$bin/createdb" -h 127.0.0.1 -p "$port" -U ingot ingot
)
export INGOT_TEST_POSTGRES=postgres://ingot@127.0.0.1:$port/ingot INGOT_TEST_POSTGRES_CA=$work/ca.crt
chmod 755 "$work"
status=0
"$@" || status=$?
exit "$status"
