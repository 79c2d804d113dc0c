#!/usr/bin/env bash
# What is checked without running anything: formatting, conventions, clippy, documentation.
#
# Clippy and documentation share one set of checked dependencies; with the tests they share build scripts
# and macros (AWS-LC and SQLite are compiled once). So the order here costs nothing twice.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

step() {
  printf '\n== %s ==\n' "$*"
}

step Formatting
cargo fmt --all --check
# The floor is kept as it is, so that figures stay comparable.
(cd bench && cargo fmt --check -p mock-upstream -p sse-load)
if [[ -e fuzz/Cargo.toml ]]; then
  (cd fuzz && cargo fmt --check)
fi

step Conventions
python3 scripts/tidy.py

step Scripts
for script in .ci/run bench/run.sh tests/clients/run.sh scripts/*.sh; do
  bash -n "$script"
done
if command -v shellcheck >/dev/null; then
  shellcheck .ci/run bench/run.sh tests/clients/run.sh scripts/*.sh
else
  echo "shellcheck is not installed: syntax checked only"
fi

step Clippy
cargo clippy --workspace --all-targets --locked -- -D warnings
(cd bench && cargo clippy --workspace --all-targets --locked -- -D warnings)

step Documentation
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

if command -v cargo-deny >/dev/null; then
  step "Licences, bans, sources"
  cargo deny --locked check licenses bans sources
else
  printf '\ncargo-deny is not installed: licences not checked (bans and sources are, by tidy)\n'
fi
