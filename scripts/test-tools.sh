# Installs the tools of others that the tests compare with, and tells the tests where they are. Source it:
#
#   . scripts/test-tools.sh
#
# INGOT_TEST_VENV    Python environment: model_signing, kubernetes-validate, CycloneDX validation, schemathesis, moto (S3)
# INGOT_TEST_TOOLS   `required`: a test whose tool is missing fails instead of leaving the check out
# INGOT_TEST_PG_BIN  PostgreSQL's programs; tests start servers of their own with scripts/with-postgres.sh
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

ingot_test_tools() {
    local packages=() pair
    for pair in age:age skopeo:skopeo umoci:umoci runc:runc promtool:prometheus wrk:wrk chromium:chromium \
        mpicc:libopenmpi-dev mpirun:openmpi-bin; do
        command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
    done
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || packages+=(postgresql)
    if [ ${#packages[@]} -gt 0 ]; then
        if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
            echo "test tools: please run, then try again:  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
            return 2
        fi
        echo "test tools: installing ${packages[*]}"
        apt-get update -qq || return 1
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null || return 1
    fi

    export INGOT_TEST_VENV=$INGOT_CACHE/test-tools
    local wanted
    wanted=$(dirname "${BASH_SOURCE[0]}")/test-requirements.txt
    if ! cmp -s "$wanted" "$INGOT_TEST_VENV/installed.txt"; then
        echo "test tools: installing Python packages into $INGOT_TEST_VENV"
        python3 -m venv "$INGOT_TEST_VENV" || return 1
        "$INGOT_TEST_VENV/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" || return 1
        cp "$wanted" "$INGOT_TEST_VENV/installed.txt"
    fi

    local initdb
    initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)
    export INGOT_TEST_PG_BIN=${initdb%/initdb}
    export INGOT_TEST_TOOLS=required
}

ingot_test_tools
