"""The matrix of dialects with every client there is, the second one too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> int:
    """pytest's exit code; its last line is the figure."""
    command = [sys.executable, "-m", "pytest", "tests/matrix", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"MATRIX_DRIVERS": "all"}).returncode


if __name__ == "__main__":
    sys.exit(main())
