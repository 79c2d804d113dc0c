#!/usr/bin/env bash
# Coding agents as clients: installs them from npm, then runs them through Wayleave with no network but loopback.
#
#   tests/clients/run.sh [OPTIONS]   see `--help`; without any, every case
#
# WAYLEAVE_BIN names a binary to use instead of the one that is built here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
# Nobody is asked anything.
exec </dev/null
target=${CARGO_TARGET_DIR:-$root/target}
export PYTHONDONTWRITEBYTECODE=1

scripts/test-env.sh

# Their install scripts only move binaries about: what they need is in the packages.
packages=$target/clients
pins=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum)
if [[ $(cat "$packages/stamp" 2>/dev/null) != "$pins" ]]; then
  echo "Installing the agents into $packages (about 900 MB)" >&2
  mkdir -p "$packages"
  rm -f "$packages/stamp"
  cp "$here/package.json" "$here/package-lock.json" "$packages"
  (cd "$packages" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  echo "$pins" >"$packages/stamp"
fi

if [[ ! ${WAYLEAVE_BIN:-} && " $* " != *" --direct "* ]]; then
  cargo build --locked -p wayleave
  export WAYLEAVE_BIN=$target/debug/wayleave
fi

exec .venv/bin/python "$here/run.py" --packages "$packages" "$@"
