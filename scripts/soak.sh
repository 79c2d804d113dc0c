#!/usr/bin/env bash
# The long things, with their figures: every fuzz target for a while, then each script of tests/soak.
#
#   SECONDS_PER_TARGET=60   how long each fuzz target runs
#   SOAK_ONLY=fuzz|scripts  one half only
#
# A script of tests/soak gets TEST_POSTGRES_URL and WAYLEAVE_BIN (a release build), prints its figures, and
# fails by its exit code.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
exec </dev/null
seconds=${SECONDS_PER_TARGET:-60}
only=${SOAK_ONLY:-all}
figures=()
failed=()

fuzz() {
  if [[ ! -e fuzz/Cargo.toml ]]; then
    figures+=("fuzz: there is no fuzz/Cargo.toml")
    return
  fi
  scripts/install.sh soak
  if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "Installing cargo-fuzz" >&2
    cargo install cargo-fuzz --locked --quiet
  fi
  # The sanitizer's flags are unstable: this lets the stable compiler accept them.
  export RUSTC_BOOTSTRAP=1
  local targets target log
  mapfile -t targets < <(cargo fuzz list)
  log=$(mktemp)
  for target in "${targets[@]}"; do
    echo "== fuzz $target, $seconds s =="
    if ! cargo fuzz run "$target" -- -max_total_time="$seconds" -print_final_stats=1 >"$log" 2>&1; then
      failed+=("fuzz $target")
      tail -n 60 "$log"
    fi
    figures+=("fuzz $target: $(fuzz_figures "$log")")
    echo "${figures[-1]}"
  done
  rm -f "$log"
  unset RUSTC_BOOTSTRAP
}

# From libFuzzer's own closing lines.
fuzz_figures() {
  local runs peak coverage
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
  peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$1")
  coverage=$(grep -o 'cov: [0-9]*' "$1" | tail -n 1 || true)
  echo "${runs:-0} runs, ${coverage:-cov: ?}, ${peak:-?} MiB at most"
}

scripts() {
  local found script log
  mapfile -t found < <(find tests/soak -maxdepth 1 -name '*.py' ! -name '_*' 2>/dev/null | sort)
  if ((${#found[@]} == 0)); then
    figures+=("scripts: there are none in tests/soak")
    return
  fi
  export WAYLEAVE_BIN=${CARGO_TARGET_DIR:-$root/target}/release/wayleave
  export AIMOCK_CLI=$root/tests/node_modules/@copilotkit/aimock/dist/cli.js
  export PYTHONDONTWRITEBYTECODE=1
  scripts/test-env.sh
  cargo build --release --locked -p wayleave
  log=$(mktemp)
  for script in "${found[@]}"; do
    echo "== $script =="
    # A server each: one script may stop its own.
    scripts/postgres.sh run .venv/bin/python "$script" 2>&1 | tee "$log" || failed+=("$script")
    figures+=("$script: $(tail -n 1 "$log")")
  done
  rm -f "$log"
}

[[ $only == scripts ]] || fuzz
[[ $only == fuzz ]] || scripts

echo
echo "== Figures =="
printf '%s\n' "${figures[@]}"
if ((${#failed[@]})); then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
