"""The table: medians and ranges side by side, the ratio to the floor, and each aim met or not."""

import statistics
from dataclasses import dataclass
from typing import Optional

# The first event's aim was set on a machine where the floor takes 0.14 ms: it moves with the floor.
FIRST_EVENT_AIM_MS = 0.25
FIRST_EVENT_FLOOR_MS = 0.14


@dataclass(frozen=True)
class Row:
    """One measure. Its aim is a limit for the value, or for its ratio to the floor."""

    key: str
    title: str
    digits: int = 2
    at_most: Optional[float] = None
    ratio_at_most: Optional[float] = None
    # A count or a rate is no cost: its ratio to the floor says little.
    ratio: bool = True


ROWS = [
    Row("chat_cpu", "plain chat, CPU ms per 1,000 requests", 1, ratio_at_most=1.6),
    Row(
        "chat_cpu_serving", "… of these while serving (the rest: rows stored after)", 1
    ),
    Row("chat_rps", "plain chat, requests/s on one CPU", 0),
    Row("latency_p50", "latency at 1,000 requests/s, p50 ms", 3, ratio=False),
    Row("added_p50", "… added over direct, p50 ms", 3),
    Row("added_p99", "… added over direct, p99 ms", 3),
    Row(
        "first_event_p50",
        "first event of an idle stream, p50 ms",
        3,
        ratio_at_most=FIRST_EVENT_AIM_MS / FIRST_EVENT_FLOOR_MS,
    ),
    Row("first_event_p99", "first event of an idle stream, p99 ms", 3),
    Row("event_cpu", "CPU µs per streamed event, saturated", 2, ratio_at_most=1.2),
    Row("events_per_s", "streamed events/s on one CPU", 0),
    Row(
        "paced_event_cpu",
        "CPU µs per streamed event, paced (10/s each)",
        2,
        ratio_at_most=1.2,
    ),
    Row("paced_event_age", "paced event, age on arrival, p50 ms", 2, ratio=False),
    Row("slow_kib", "memory per slow idle stream, KiB", 1, at_most=40),
    Row("rss_idle", "RSS idle, MiB", 1, at_most=24),
    Row("rss_peak", "RSS peak under plain chat, MiB", 1),
    Row("100k_cpu", "100 KiB prompt, CPU ms per 1,000", 1),
    Row("1m_cpu", "1 MiB prompt, CPU ms per 1,000", 1, ratio_at_most=1.8),
    Row("start_ms", "start to first answer, ms", 1, at_most=100),
    Row("crossed_cpu", "OpenAI in, Anthropic upstream: CPU ms per 1,000", 1),
    Row("crossed_event_cpu", "OpenAI in, Anthropic upstream: CPU µs per event", 2),
]


def add_differences(values):
    """What each target adds to the latency of the same round's direct calls."""
    direct = values.get("direct", {})
    for name, measures in values.items():
        for p in ("p50", "p99"):
            pairs = zip(
                measures.get(f"latency_{p}", []), direct.get(f"latency_{p}", [])
            )
            added = [mine - bare for mine, bare in pairs]
            if name != "direct" and added:
                measures[f"added_{p}"] = added


def print_table(values, names):
    """Prints the table; the rows whose aim is not met."""
    add_differences(values)
    print("| measure | " + " | ".join(names) + " | ratio to floor | aim | |")
    print("|---|" + "--:|" * len(names) + "--:|---|---|")
    missed = []
    for row in ROWS:
        cells = [
            _spread(values.get(name, {}).get(row.key), row.digits) for name in names
        ]
        if all(cell == "–" for cell in cells):
            continue
        ratio = _ratio(values, row)
        verdict = _verdict(values, row, ratio)
        if verdict == "**not met**":
            missed.append(row.title)
        shown = f"{ratio:.2f}×" if ratio and row.ratio else "–"
        print(
            f"| {row.title} | {' | '.join(cells)} | {shown} | {_aim(values, row)} | {verdict} |"
        )
    print("\n`direct` is the mock upstream itself: its CPU is what the mock costs.")
    return missed


def _median(values, name, key):
    found = values.get(name, {}).get(key)
    return statistics.median(found) if found else None


def _ratio(values, row):
    floor, ours = _median(values, "floor", row.key), _median(
        values, "wayleave", row.key
    )
    return ours / floor if floor and ours is not None else None


def _aim(values, row):
    if row.at_most is not None:
        return f"≤ {row.at_most:g}"
    if row.ratio_at_most is None:
        return ""
    if row.key != "first_event_p50":
        return f"≤ {row.ratio_at_most:g}×"
    text = f"≤ {FIRST_EVENT_AIM_MS} where the floor has {FIRST_EVENT_FLOOR_MS}"
    floor = _median(values, "floor", row.key)
    return f"{text}: here ≤ {floor * row.ratio_at_most:.3f}" if floor else text


def _verdict(values, row, ratio):
    reached = (
        ratio if row.ratio_at_most is not None else _median(values, "wayleave", row.key)
    )
    limit = row.ratio_at_most if row.ratio_at_most is not None else row.at_most
    if limit is None or reached is None:
        return ""
    return "met" if reached <= limit else "**not met**"


def _spread(found, digits):
    if not found:
        return "–"
    median = f"{statistics.median(found):,.{digits}f}"
    if len(found) == 1:
        return median
    return f"{median} ({min(found):,.{digits}f}–{max(found):,.{digits}f})"
