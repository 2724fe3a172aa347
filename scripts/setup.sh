#!/usr/bin/env bash
# Installs what building Ingot needs and this machine lacks. Running it again changes nothing.
#
#   scripts/setup.sh           install (as root), or say what to install (as another user)
#   scripts/setup.sh --check   only say what is missing; exit code 1 when something is
#   scripts/setup.sh --mpi     besides Open MPI, for a program that trains with several processes (feature `mpi`)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

check=no
mpi=no
for word in "$@"; do
    case $word in
    --check) check=yes ;;
    --mpi) mpi=yes ;;
    *) sed -n '2,6p' "$0" >&2; exit 2 ;;
    esac
done

say() { printf 'setup: %s\n' "$*"; }

has_libclang() { compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || compgen -G '/usr/lib*/libclang*.so*' >/dev/null || [ -n "${LIBCLANG_PATH:-}" ]; }
has_cjk_font() { compgen -G '/usr/share/fonts/*/*/*[Cc][Jj][Kk]*' >/dev/null || compgen -G '/usr/share/fonts/*/wqy/*' >/dev/null; }
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
# 3.28 or newer, not the 3.25 of Debian 12.
has_cmake() {
    local version
    version=$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9][0-9]*\)\.\([0-9][0-9]*\).*/\1 \2/p')
    [ -n "$version" ] || return 1
    set -- $version
    [ "$1" -gt 3 ] || { [ "$1" -eq 3 ] && [ "$2" -ge 28 ]; }
}
rust_minor() { cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p'; }

packages=()
command -v cc >/dev/null || packages+=(gcc)
command -v g++ >/dev/null || packages+=(g++)
command -v make >/dev/null || packages+=(make)
command -v curl >/dev/null || packages+=(curl)
command -v clang >/dev/null || packages+=(clang)
has_libclang || packages+=(libclang-dev)
command -v python3 >/dev/null || packages+=(python3)
has_venv || packages+=(python3-venv)
if [ "$mpi" = yes ]; then
    command -v mpicc >/dev/null || packages+=(libopenmpi-dev)
    command -v mpirun >/dev/null || packages+=(openmpi-bin)
fi
# Pictures of trees carry text in both languages.
has_cjk_font || packages+=(fonts-dejavu-core fonts-wqy-microhei)

missing=no
if [ ${#packages[@]} -gt 0 ]; then
    if [ "$check" = yes ]; then
        say "missing: ${packages[*]}"
        missing=yes
    elif ! command -v apt-get >/dev/null; then
        say "please install what your system calls these Debian packages: ${packages[*]}" >&2
        exit 2
    elif [ "$(id -u)" != 0 ]; then
        say "please run, then try again:  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
        exit 2
    else
        say "installing ${packages[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    fi
fi

wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml)
have=$(rust_minor)
if [ -z "$have" ] || [ "$have" -lt "$wanted" ]; then
    say "Rust 1.$wanted or newer is needed (found: ${have:+1.}${have:-none}); rustup installs it: rustup toolchain install stable" >&2
    exit 2
fi

if ! has_cmake; then
    if [ "$check" = yes ]; then
        say "missing: cmake 3.28 or newer"
        missing=yes
    else
        say "installing cmake from PyPI into $INGOT_CACHE/build-tools"
        python3 -m venv "$INGOT_CACHE/build-tools"
        "$INGOT_CACHE/build-tools/bin/pip" install --quiet --disable-pip-version-check 'cmake>=3.28,<5'
        . scripts/env.sh
        has_cmake || { say "cmake is still too old: $(command -v cmake)" >&2; exit 1; }
    fi
fi

[ "$missing" = no ] || exit 1
say "ready; builds go to $CARGO_TARGET_DIR"
