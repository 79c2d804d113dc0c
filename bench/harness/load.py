"""Runs the load generators and reads what they and the kernel say about one burst."""

import json
import os
import re
import subprocess
import time
from dataclasses import dataclass

from . import processes
from .target import PATH

HERE = os.path.dirname(os.path.abspath(__file__))
POST_LUA = os.path.join(HERE, "..", "post.lua")


@dataclass
class Burst:
    """One burst of load: what the generator said, and what the target used for it."""

    said: dict
    # Seconds of CPU until the target was calm again, and of these while it was serving.
    cpu: float
    cpu_serving: float
    rss_before_mib: float
    rss_peak_mib: float
    failed: int

    def cpu_ms_per_1000(self, serving_only=False):
        """CPU of the target per 1,000 good requests, milliseconds."""
        seconds = self.cpu_serving if serving_only else self.cpu
        return seconds / max(self.said["ok"], 1) * 1e6

    def cpu_us_per_event(self):
        """CPU of the target per streamed event, microseconds."""
        return self.cpu / max(self.said["events"], 1) * 1e6


class Load:
    """The generators: `wrk` for plain requests, our `sse-load` for streams and fixed rates."""

    def __init__(self, tools):
        self._sse_load = os.path.join(tools, "sse-load")

    def plain(self, target, body, connections, seconds):
        """A closed loop of plain requests."""
        env = {**os.environ, "BODY": body, "HDRS": "\n".join(target.headers())}
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
        ]
        out, used = _run(target, [*command, "-s", POST_LUA, target.url + PATH], env)
        found = re.search(r"JSON(\{.*\})", out)
        if not found:
            raise RuntimeError(f"wrk: {out[-300:]}")
        said = json.loads(found.group(1))
        said["ok"] = said["requests"] - said["bad"]
        return Burst(said, *used, failed=said["bad"] + said["sock"] + said["timeout"])

    def streams(
        self, target, body, *, connections, seconds, chunks, total=None, ramp_ms=0
    ):
        """A closed loop of streams; each must bring at least `chunks` events."""
        arguments = [
            "-c",
            connections,
            "-d",
            seconds,
            "--chunks",
            chunks,
            "--ramp-ms",
            ramp_ms,
        ]
        if total:
            arguments += ["-n", total]
        return self._sse(target, "stream", body, arguments)

    def fixed_rate(self, target, body, per_second, seconds):
        """An open loop of plain requests; latency counts from the time each was due."""
        return self._sse(
            target, "rate", body, ["-q", per_second, "-c", 64, "-d", seconds]
        )

    def _sse(self, target, mode, body, arguments):
        command = [self._sse_load, mode, "--url", target.url + PATH, "--body", body]
        command += [str(argument) for argument in arguments]
        for line in target.headers():
            command += ["-H", line]
        out, used = _run(target, command, os.environ)
        said = json.loads(out)
        return Burst(said, *used, failed=said["failed"] + said["short"])


def _run(target, command, env):
    before = processes.cpu_seconds(target.pids)
    rss_before = processes.rss_mib(target.pids)
    with processes.PeakMemory(target.pids) as peak:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=300
        )
    serving = processes.cpu_seconds(target.pids) - before
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout[-300:]}{done.stderr[-300:]}")
    processes.wait_until_calm(target.pids)
    total = processes.cpu_seconds(target.pids) - before
    time.sleep(0.05)
    return done.stdout, (total, serving, rss_before, peak.mib)
