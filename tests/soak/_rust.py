"""Runs one of the workspace's own tests as a soak test: with more of everything, and against the
optimised binary that WAYLEAVE_BIN names."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def soak(target, test, ignored=False, **settings):
    """Runs `test` of the test binary `target`; its figures come last, and its failure is ours."""
    command = ["cargo", "test", "--locked", "-p", "wayleave", "--test", target]
    command += ["--", "--exact", test, "--nocapture"]
    command += ["--ignored"] if ignored else []
    run = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **{name: str(value) for name, value in settings.items()}},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    figures = []
    for line in run.stdout:
        print(line, end="", flush=True)
        # The harness writes the test's name and its output on one line.
        if "figure: " in line:
            figures.append(line.split("figure: ", 1)[1].strip())
    if run.wait():
        print(f"{target} {test}: FAILED")
        sys.exit(1)
    if not figures:
        print(f"{target} {test}: no figure; is the test still there?")
        sys.exit(1)
    print("; ".join(figures))
