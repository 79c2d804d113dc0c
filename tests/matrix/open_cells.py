"""The cells that are known to fail: open work, a line each. A new failure fails the test, and so does a line that passes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cells import Outcome

FILE = Path(__file__).parent / "open_cells.txt"


def read() -> set[str]:
    """Every open cell, as it is printed."""
    return set(FILE.read_text().splitlines())


def write(outcomes: list[Outcome]) -> None:
    """What fails now. Never grows: what was not open before is a failure, not open work."""
    failing = {str(it.cell) for it in outcomes if not it.passed}
    FILE.write_text("".join(f"{cell}\n" for cell in sorted(failing & read())))
