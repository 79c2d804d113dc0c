"""Requests made up from the description of the management API, many more than in the tests."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

command = [sys.executable, "-m", "pytest", "tests/api", "-q", "-s", "-p", "no:cacheprovider"]
environment = {**os.environ, "API_EXAMPLES": "100"}
run = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
print(run.stdout, run.stderr, sep="")
answers = [line for line in run.stdout.splitlines() if " answers: " in line]
print("; ".join(answers) or "no figure; is the test still there?")
sys.exit(run.returncode or not answers)
