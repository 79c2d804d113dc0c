"""The order of a run: mock, targets, a proof that wayleave meters, alternating rounds, the table."""

import argparse
import json
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib

from . import bodies, measures, report, setup
from .load import Load
from .target import Target

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.dirname(HERE)
PROOF_REQUESTS = 20


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--tools", required=True, help="folder of the bench's own binaries"
    )
    parser.add_argument("--wayleave", help="the wayleave binary")
    parser.add_argument("--targets", default="direct,floor,wayleave")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of one burst")
    parser.add_argument("--slow-streams", type=int, default=1000)
    parser.add_argument(
        "--workers", type=int, default=1, help="threads of floor and wayleave"
    )
    parser.add_argument(
        "--unpinned", action="store_true", help="all processes on all CPUs"
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short round: does it run at all"
    )
    parser.add_argument("--json", help="where to write every value")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds, args.slow_streams = 1, 1, 200
    args.targets = args.targets.split(",")
    return args


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpus(unpinned):
    """(gateway's CPU, everybody else's), or two times None where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (None, None) if unpinned or len(allowed) < 2 else (allowed[0], allowed[1])


def check_profiles():
    """The floor is only a floor when it is compiled as wayleave is. Debug information is no code."""
    found = []
    for manifest in (
        os.path.join(BENCH, "Cargo.toml"),
        os.path.join(BENCH, "..", "Cargo.toml"),
    ):
        with open(manifest, "rb") as file:
            profile = tomllib.load(file)["profile"]["release"]
        found.append({key: value for key, value in profile.items() if key not in ("debug", "package")})
    if found[0] != found[1]:
        sys.exit(
            f"bench: the release profiles differ: {found[0]} (bench), {found[1]} (wayleave)"
        )


def build_targets(args, work, gateway_cpu, mock):
    """The targets asked for, in order. `direct` is the mock itself."""
    threads = str(args.workers)
    floor_port, wayleave_port = free_port(), free_port()
    floor = [os.path.join(args.tools, "floor-proxy"), str(floor_port)]
    serve = [args.wayleave or "wayleave", "serve", "--data", os.path.join(work, "data")]
    serve += [
        "--listen",
        f"127.0.0.1:{wayleave_port}",
        "--upstream-allow",
        "127.0.0.0/8",
    ]
    known = {
        "direct": mock,
        "floor": Target(
            "floor",
            floor_port,
            [*floor, f"127.0.0.1:{mock.port}", threads],
            cpu=gateway_cpu,
            log=os.path.join(work, "floor.log"),
        ),
        "wayleave": Target(
            "wayleave",
            wayleave_port,
            serve,
            key=setup.KEY,
            env={"WAYLEAVE_WORKERS": threads},
            cpu=gateway_cpu,
            log=os.path.join(work, "wayleave.log"),
        ),
    }
    return [known[name] for name in args.targets]


def prove(target):
    """Checks that the target relays the mock's answers whole, before anything is timed."""
    status, answer = target.post(bodies.chat(setup.MODEL))
    text = json.loads(answer)["choices"][0]["message"]["content"]
    if status != 200 or len(text) < 400:
        sys.exit(
            f"bench: {target.name}: not the mock's answer: {status} {answer[:300]!r}"
        )
    _, answer = target.post(bodies.chat(setup.MODEL, stream=True, mock="chunks=7"))
    events = [line for line in answer.decode().split("\n") if line.startswith("data:")]
    # Role, seven deltas, finish, usage, [DONE].
    if len(events) != 11 or '"usage":{' not in events[-2] or "[DONE]" not in events[-1]:
        sys.exit(f"bench: {target.name}: not the mock's stream: {answer!r}")


def first_start(target, work, setup_file, wayleave):
    """Wayleave on an empty folder: declares the set-up and proves that requests are metered."""
    took = target.start(bodies.chat(setup.MODEL), ["--apply", setup_file])
    prove(target)
    for _ in range(PROOF_REQUESTS):
        target.post(bodies.chat(setup.MODEL))
    time.sleep(1)
    command = [wayleave, "usage", "--data", os.path.join(work, "data"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    rows = [
        json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")
    ]
    metered = [row for row in rows if row.get("cost_nanos", 0) > 0]
    if said.returncode or len(metered) < PROOF_REQUESTS:
        target.stop()
        sys.exit(
            f"bench: usage shows {len(metered)} priced requests of {PROOF_REQUESTS}: what follows "
            f"would not be the price of a metering gateway.\n{said.stderr[-500:]}"
        )
    target.stop()
    print(
        f"First start of wayleave (empty folder, set-up applied) to first answer: {took * 1000:.0f} ms"
    )


def print_head(args, gateway_cpu, load_cpu):
    with open("/proc/cpuinfo") as file:
        models = [
            line.split(":", 1)[1].strip()
            for line in file
            if line.startswith("model name")
        ]
    pins = (
        "not pinned"
        if gateway_cpu is None
        else f"gateway on CPU {gateway_cpu}, rest on {load_cpu}"
    )
    print("\n## Wayleave's price per request\n")
    print(
        f"{time.strftime('%F %T')}, {models[0] if models else platform.machine()}, "
        f"{os.cpu_count()} CPUs, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}; "
        f"{args.rounds} alternating rounds, bursts of {args.seconds} s, {args.workers} worker thread(s), "
        f"{pins}. Median (min–max)."
    )


def run(args, work):
    gateway_cpu, load_cpu = cpus(args.unpinned)
    if load_cpu is not None:
        os.sched_setaffinity(0, {load_cpu})
    slow_chunks = 20 if args.quick else 50
    port = free_port()
    mock_command = [os.path.join(args.tools, "mock-upstream"), "--port", str(port)]
    mock = Target(
        "direct", port, mock_command, cpu=load_cpu, log=os.path.join(work, "mock.log")
    )
    targets = build_targets(args, work, gateway_cpu, mock)
    gateways = [target for target in targets if target is not mock]
    files = bodies.Bodies(work, setup.MODEL, setup.CROSSED_MODEL, slow_chunks)
    rounds = measures.Round(
        Load(args.tools), files, args.seconds, args.slow_streams, slow_chunks
    )
    print_head(args, gateway_cpu, load_cpu)
    try:
        mock.start(bodies.chat(setup.MODEL))
        for target in gateways:
            if target.name == "wayleave":
                setup_file = os.path.join(work, "setup.yaml")
                setup.write(setup_file, port)
                first_start(target, work, setup_file, args.wayleave)
        for n in range(args.rounds):
            begin = time.monotonic()
            one_round(
                rounds,
                targets if n % 2 == 0 else targets[::-1],
                mock,
                prove_first=n == 0,
            )
            print(
                f"round {n + 1}: {time.monotonic() - begin:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    finally:
        for target in [*gateways, mock]:
            target.stop()
    return rounds


def one_round(rounds, targets, mock, prove_first):
    gateways = [target for target in targets if target is not mock]
    for target in gateways:
        rounds.fresh(target, setup.MODEL)
        if prove_first:
            prove(target)
    for measure in (
        rounds.plain_chat,
        rounds.latency,
        rounds.idle_stream,
        rounds.saturated_streams,
        rounds.large_prompts,
    ):
        for target in targets:
            measure(target)
    for target in gateways:
        if target.name == "wayleave":
            rounds.crossed(target)
        target.stop()


def main():
    args = arguments()
    check_profiles()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    work = tempfile.mkdtemp(prefix="wayleave-bench-")
    try:
        rounds = run(args, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print()
    missed = report.print_table(rounds.values, args.targets)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(rounds.values, file, indent=1)
        print(f"\nEvery value: {args.json}")
    print()
    for failure in rounds.failures:
        print(f"- FAILED {failure}")
    if "wayleave" in args.targets:
        print("All aims met." if not missed else f"Not met: {'; '.join(missed)}.")
    sys.exit(1 if rounds.failures else 0)


if __name__ == "__main__":
    main()
