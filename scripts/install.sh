#!/usr/bin/env bash
# Installs what a task needs, only where it is missing: `scripts/install.sh build|test|bench|soak...`.
#
# Debian and its kin: packages come from apt, as root or with sudo. Elsewhere, and without either, it
# names what is missing and stops. Nothing is installed that is already there in any form.
set -euo pipefail

missing=()

# need COMMAND PACKAGE: PACKAGE when COMMAND is not found.
need() {
  command -v "$1" >/dev/null || missing+=("$2")
}

# What compiles the workspace: a C compiler and the C library's headers, for the bundled SQLite and
# AWS-LC. AWS-LC needs no cmake, Go or Perl on x86-64 and ARM64 Linux: its assembly is pre-generated.
needs_of_build() {
  need cc gcc
  need make make
  [[ -e /usr/include/stdlib.h ]] || missing+=(libc6-dev)
}

needs_of_test() {
  needs_of_build
  need curl curl
  need python3 python3
  # Debian's python3 comes without the module that puts pip into a virtual environment.
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=(python3-venv)
  fi
  [[ -n $(postgres_bin) ]] || missing+=(postgresql)
}

needs_of_bench() {
  needs_of_build
  need wrk wrk
  need python3 python3
}

needs_of_soak() {
  needs_of_test
  # libFuzzer's runtime is C++.
  need c++ g++
}

# The folder with initdb and postgres: Debian keeps them out of PATH.
postgres_bin() {
  local found
  found=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
  if [[ -z $found ]]; then
    found=$(command -v initdb || true)
  fi
  if [[ -n $found ]]; then
    dirname "$(readlink -f "$found")"
  fi
}

check_rust() {
  if ! command -v cargo >/dev/null; then
    echo "Rust is missing. Install it from https://rustup.rs (stable, default profile), then try again." >&2
    exit 1
  fi
}

check_node() {
  local version
  if ! version=$(node --version 2>/dev/null) || ! command -v npm >/dev/null; then
    echo "Node.js 20 or newer with npm is missing: https://nodejs.org, or your distribution's packages." >&2
    exit 1
  fi
  version=${version#v}
  if ((${version%%.*} < 20)); then
    echo "Node.js 20 or newer is needed; this is $version." >&2
    exit 1
  fi
}

install_missing() {
  ((${#missing[@]})) || return 0
  local unique=() sudo=()
  mapfile -t unique < <(printf '%s\n' "${missing[@]}" | sort -u)
  if ! command -v apt-get >/dev/null; then
    echo "Missing: ${unique[*]} (Debian's names). Install them with this system's package manager." >&2
    exit 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "Missing packages, and not root to install them. Run:" >&2
      echo "  sudo apt-get install --no-install-recommends ${unique[*]}" >&2
      exit 1
    fi
    sudo=(sudo -n)
  fi
  echo "Installing: ${unique[*]}" >&2
  local conf=/etc/postgresql-common/createcluster.conf own_conf=
  {
    "${sudo[@]}" apt-get update -q
    # Tests bring up their own server: the package must not leave one running on this machine.
    if [[ " ${unique[*]} " == *" postgresql "* && ! -e $conf ]]; then
      own_conf=1
      "${sudo[@]}" mkdir -p "${conf%/*}"
      echo "create_main_cluster = false" | "${sudo[@]}" tee "$conf" >/dev/null
    fi
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -qy --no-install-recommends "${unique[@]}" </dev/null
    if [[ $own_conf ]]; then
      "${sudo[@]}" rm -f "$conf"
    fi
  } >&2
}

if [[ ${1:-} == postgres-bin ]]; then
  postgres_bin
  exit
fi
if (($# == 0)); then
  echo "usage: scripts/install.sh build|test|bench|soak ... | postgres-bin" >&2
  exit 2
fi
check_rust
for task in "$@"; do
  case $task in
    build | test | bench | soak) "needs_of_$task" ;;
    *)
      echo "unknown task: $task" >&2
      exit 2
      ;;
  esac
  if [[ $task == test || $task == soak ]]; then
    check_node
  fi
done
install_missing
