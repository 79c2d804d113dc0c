#!/usr/bin/env bash
# Builds wayleave and the bench's tools, then measures direct / floor / wayleave in alternating rounds.
#
#   BENCH_QUICK=1        one short round: does everything run
#   BENCH_TARGETS=a,b    of direct,floor,wayleave (default: all)
#   BENCH_NETNS=0        use the host's network instead of a namespace that has only loopback
# Further arguments go to the harness: --rounds 9, --seconds 5, --workers 2, --unpinned, ...
set -euo pipefail
if [[ ${1:-} == --help ]]; then
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
  exit
fi
bench=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$bench")
targets=${BENCH_TARGETS:-direct,floor,wayleave}

"$root/scripts/install.sh" build bench

tools_target=${CARGO_TARGET_DIR:-$bench/target}
(cd "$bench" && CARGO_TARGET_DIR=$tools_target cargo build --release --locked)
arguments=(--tools "$tools_target/release" --targets "$targets" --json "$tools_target/bench.json")

if [[ ,$targets, == *,wayleave,* ]]; then
  (cd "$root" && cargo build --release --locked -p wayleave)
  arguments+=(--wayleave "${CARGO_TARGET_DIR:-$root/target}/release/wayleave")
fi
if [[ ${BENCH_QUICK:-0} == 1 ]]; then
  arguments+=(--quick)
fi

export PYTHONPATH=$bench PYTHONDONTWRITEBYTECODE=1
run=(python3 -m harness "${arguments[@]}" "$@")
# A namespace of its own: no port is taken, nothing gets in or out. Only root may make one.
if [[ ${BENCH_NETNS:-1} == 1 ]] && command -v ip >/dev/null && unshare --net ip link set lo up 2>/dev/null; then
  exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "${run[@]}"
fi
exec "${run[@]}"
