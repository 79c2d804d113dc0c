#!/usr/bin/env bash
# All tests, against throwaway servers on loopback. Ends with the counts; fails when any test failed.
#
# Tests find in their environment:
#   TEST_POSTGRES_URL   a PostgreSQL that may be used freely (each test makes its own database or schema)
#   WAYLEAVE_BIN        the binary under test
#   AIMOCK_CLI          script of @copilotkit/aimock's server; run it with `node`
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# Nobody is asked anything.
exec </dev/null

if [[ ${1:-} != --ready ]]; then
  scripts/test-env.sh
  if [[ ${TEST_POSTGRES_URL:-} ]]; then
    exec scripts/test.sh --ready
  fi
  exec scripts/postgres.sh run scripts/test.sh --ready
fi

export WAYLEAVE_BIN=${CARGO_TARGET_DIR:-$root/target}/debug/wayleave
export AIMOCK_CLI=$root/tests/node_modules/@copilotkit/aimock/dist/cli.js
export PYTHONDONTWRITEBYTECODE=1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=()

# The binary and the tests in one go: with the same features, so that nothing is compiled twice.
cargo build --workspace --locked --bins --tests

cargo test --workspace --locked --no-fail-fast 2>&1 | tee "$logs/rust" || failed+=("cargo test")

# Apart, because each has its own gateway and its own modules.
for suite in sdk matrix types api; do
  .venv/bin/python -m pytest "tests/$suite" -ra -p no:cacheprovider 2>&1 | tee "$logs/$suite" || failed+=("tests/$suite")
done

echo
echo "== Result =="
# "test result: ok. 12 passed; 0 failed; 1 ignored; ..." from each test binary.
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8; binaries++ }
  END { printf "Rust:   %d passed, %d failed, %d ignored in %d test binaries\n", passed, failed, ignored, binaries }' \
  "$logs/rust"
for suite in sdk matrix types api; do
  printf 'Python: %s in tests/%s\n' "$(tail -n 1 "$logs/$suite" | tr -d '=' | xargs)" "$suite"
done
printf 'Matrix: %s\n' "$(sed -n 's/^all  *//p' "$logs/matrix" | tail -n 1)"
if ((${#failed[@]})); then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "All tests passed."
