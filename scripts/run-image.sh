#!/usr/bin/env bash
# Runs an image written by `ingot deploy image` with umoci and runc, without a container engine, as root.
#
#   scripts/run-image.sh LAYOUT [ARGUMENTS...]
#
# LAYOUT is a folder or a .tar. ARGUMENTS replace the image's default arguments (`--ledger ... --allow-insecure`); the
# entrypoint stays. The network is the host's. From the environment:
#   INGOT_SECRETS  folder with identity.txt and pepper, seen as /run/secrets/ingot (copied, readable by the server alone)
#   INGOT_STATE    folder for the ledger, seen as /var/lib/ingot [default: a temporary one]
#   INGOT_LISTEN   address instead of 0.0.0.0:5000, as the network is the host's
#   INGOT_RUN_ID   name of the container
# Ends with the program's exit code; a signal to this script is passed on.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,13p' "$0" >&2; exit 2; }
layout=$1
shift
[ "$(id -u)" = 0 ] || { echo "run-image.sh: starting a container needs root" >&2; exit 2; }
export PATH=$PATH:/usr/sbin:/sbin
for tool in umoci runc python3; do
    command -v "$tool" >/dev/null || { echo "run-image.sh: $tool is missing; see scripts/test-tools.sh" >&2; exit 2; }
done

work=$(mktemp -d)
id=${INGOT_RUN_ID:-ingot-$$}
trap 'runc --root "$work/runc" delete --force "$id" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

if [ -f "$layout" ]; then
    mkdir "$work/layout"
    tar -xf "$layout" -C "$work/layout"
    layout=$work/layout
fi
tag=$(python3 -c '
import json, sys
print(json.load(open(sys.argv[1]))["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"])
' "$layout/index.json")
umoci unpack --image "$layout:$tag" "$work/bundle" >/dev/null

mkdir -p "$work/secrets"
if [ -n "${INGOT_SECRETS:-}" ]; then
    cp "$INGOT_SECRETS/identity.txt" "$INGOT_SECRETS/pepper" "$work/secrets/"
    chmod 0600 "$work/secrets/"*
fi
chown -R 65532:65532 "$work/secrets"
chmod 0711 "$work"
state=${INGOT_STATE:-$work/state}
mkdir -p "$state"
chown -R 65532:65532 "$state"

INGOT_ARGUMENTS=$(printf '%s\n' "$@") python3 - "$work/bundle/config.json" "$work/secrets" "$state" <<'PYTHON'
import json, os, sys

path, secrets, state = sys.argv[1:]
config = json.load(open(path))
process = config["process"]
process["terminal"] = False
given = os.environ["INGOT_ARGUMENTS"].split("\n") if os.environ["INGOT_ARGUMENTS"] else []
if given:
    # The image's default arguments begin at --ledger.
    fixed = process["args"]
    process["args"] = fixed[: fixed.index("--ledger")] + given
if os.environ.get("INGOT_LISTEN"):
    process["args"][process["args"].index("--listen") + 1] = os.environ["INGOT_LISTEN"]
# As hardened as in a cluster: no capability, no new privilege, nothing writable but the state and /tmp.
process["capabilities"] = {}
process["noNewPrivileges"] = True
config["root"]["readonly"] = True
# The host's network; cgroups stay with the caller.
linux = config["linux"]
linux["namespaces"] = [n for n in linux["namespaces"] if n["type"] not in ("network", "cgroup", "user")]
linux.pop("resources", None)
linux.pop("uidMappings", None)
linux.pop("gidMappings", None)
config["mounts"] = [m for m in config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/sys", "/var/lib/ingot")]
bind = lambda source, target, mode: {
    "destination": target, "type": "bind", "source": source, "options": ["bind", mode, "nosuid", "nodev", "noexec"],
}
config["mounts"] += [
    bind(secrets, "/run/secrets/ingot", "ro"),
    bind(state, "/var/lib/ingot", "rw"),
    {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "size=64m"]},
]
json.dump(config, open(path, "w"))
PYTHON

runc --root "$work/runc" run --bundle "$work/bundle" "$id" </dev/null &
runner=$!
trap 'runc --root "$work/runc" kill "$id" TERM >/dev/null 2>&1 || true' TERM INT
status=0
wait "$runner" || status=$?
# A trapped signal ends the first wait early; the second one gets the program's own code.
if kill -0 "$runner" 2>/dev/null; then
    status=0
    wait "$runner" || status=$?
fi
exit "$status"
