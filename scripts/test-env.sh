#!/usr/bin/env bash
# Prepares what tests need on this machine: packages, `.venv` with the official SDKs, tests/node_modules.
# Does nothing, quickly, when all of it is there and its pins have not moved.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/scripts/install.sh" test

hash_of() {
  sha256sum <"$1" | cut -d ' ' -f 1
}

# fresh STAMP FILE: whether what was made from FILE, and stamped with its hash, still stands.
fresh() {
  [[ -e $1 && $(cat "$1") == "$(hash_of "$2")" ]]
}

requirements=$root/tests/requirements.txt
alone=$root/tests/requirements-alone.txt
venv=$root/.venv
if ! fresh "$venv/stamp" "$requirements" || ! fresh "$venv/stamp-alone" "$alone" || ! "$venv/bin/python" -c ""; then
  echo "Installing the Python SDKs into .venv" >&2
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement "$requirements" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --no-deps --requirement "$alone" >&2
  hash_of "$requirements" >"$venv/stamp"
  hash_of "$alone" >"$venv/stamp-alone"
fi

lock=$root/tests/package-lock.json
modules=$root/tests/node_modules
if ! fresh "$modules/stamp" "$lock"; then
  echo "Installing the test upstream into tests/node_modules" >&2
  (cd "$root/tests" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  hash_of "$lock" >"$modules/stamp"
fi
