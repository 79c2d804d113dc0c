"""The totals, and the table in the docs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cases import MODULES, SITUATIONS
from cells import Outcome
from losses import ROWS
from setup import SURFACE_NAMES
from upstreams import UPSTREAMS

PAGE = Path(__file__).parents[2] / "docs/matrix.md"


def totals(outcomes: list[Outcome]) -> list[str]:
    """One line for each pair, and one for all."""
    lines = []
    for surface in SURFACE_NAMES:
        for upstream in UPSTREAMS:
            pair = [it for it in outcomes if (it.cell.surface, it.cell.upstream) == (surface, upstream)]
            if pair:
                lines.append(f"{surface:20} {upstream:20} {_count(pair)}")
    return [*lines, f"{'all':41} {_count(outcomes)}"]


def _count(outcomes: list[Outcome]) -> str:
    counted = Counter("passed" if it.passed else "failed" if it.served else "not served" for it in outcomes)
    lossy = sum(it.passed and bool(it.losses) for it in outcomes)
    rest = "".join(f", {counted[word]} {word}" for word in ("failed", "not served") if counted[word])
    return f"{counted['passed']} of {len(outcomes)} cells passed ({lossy} with an allowed loss){rest}"


def page(outcomes: list[Outcome]) -> str:
    """docs/matrix.md."""
    lines = [
        "# The matrix of dialects",
        "",
        "Made by `tests/matrix` from its results; do not edit. Every cell is a request by the surface's official SDK,",
        "through a running `wayleave`, to a scripted upstream that holds it against the vendor's own types, and the",
        "answer as the SDK gives it. Two signs: whole, streamed. ✓: nothing was lost. ~: only what the last table allows. ✗:",
        "something else differs, or the dialect is not served.",
        "",
        f"**{_count(outcomes)}.**",
        "",
    ]
    by_cell = {(it.cell.surface, it.cell.upstream, it.cell.situation, it.cell.mode): it for it in outcomes}
    for surface in SURFACE_NAMES:
        lines += [
            f"## From {surface}",
            "",
            "| situation | " + " | ".join(UPSTREAMS) + " |",
            "|---" * (len(UPSTREAMS) + 1) + "|",
        ]
        for situation in SITUATIONS:
            squares = []
            for upstream in UPSTREAMS:
                modes = [by_cell.get((surface, upstream, situation, mode)) for mode in ("whole", "stream")]
                squares.append("".join(_sign(it) for it in modes))
            lines.append(f"| {situation} | " + " | ".join(squares) + " |")
        lines.append("")
    return "\n".join([*lines, *_situations(), *_losses()])


def _sign(outcome: Outcome | None) -> str:
    if outcome is None or not outcome.passed:
        return "✗"
    return "~" if outcome.losses else "✓"


def _situations() -> list[str]:
    lines = ["## The situations", ""]
    for module in MODULES:
        lines += [f"**{(module.__doc__ or '').strip().splitlines()[0]}**", "", "| name | what it is |", "|---|---|"]
        lines += [f"| {it.name} | {it.about} |" for it in module.SITUATIONS] + [""]
    return lines


def _losses() -> list[str]:
    lines = ["## What may be lost", "", "| situation | where | what | the vendor's reference |", "|---|---|---|---|"]
    for row in ROWS:
        situations = ", ".join("all" if it == "*" else it for it in row.situation.split())
        lines.append(f"| {situations.replace('*', '…')} | {row.at.replace(' ', ', ')} | {row.what} | <{row.source}> |")
    return [*lines, ""]
