"""One round of every measure. Within a measure the targets take turns, so that noise hits them alike."""

import time

from . import bodies, processes

FIXED_RATE = 1000


class Round:
    """Runs measures and notes their values: `values[target][measure]` is a list, one value a round."""

    def __init__(self, load, files, seconds, slow_streams, slow_chunks):
        self.values = {}
        self.failures = []
        self._load = load
        self._files = files
        self._seconds = seconds
        self._slow_streams = slow_streams
        self._slow_chunks = slow_chunks

    def note(self, target, measure, value):
        """Adds one round's value."""
        self.values.setdefault(target.name, {}).setdefault(measure, []).append(value)

    def _checked(self, target, what, burst):
        if burst.failed:
            self.failures.append(
                f"{target.name}: {what}: {burst.failed} failed: {burst.said}"
            )
        return burst

    def fresh(self, target, model):
        """Of a process just started: start-up time, idle memory, many slow streams."""
        plain = bodies.chat(model)
        self.note(target, "start_ms", target.start(plain) * 1000)
        time.sleep(1)
        self.note(target, "rss_idle", processes.rss_mib(target.pids))
        for _ in range(50):
            target.post(plain)
        processes.wait_until_calm(target.pids)
        burst = self._load.streams(
            target,
            self._files.slow_stream,
            connections=self._slow_streams,
            total=self._slow_streams,
            seconds=3,
            ramp_ms=1000,
            chunks=self._slow_chunks,
        )
        self._checked(target, "slow streams", burst)
        grown = burst.rss_peak_mib - burst.rss_before_mib
        self.note(target, "slow_kib", grown * 1024 / self._slow_streams)
        self.note(target, "paced_event_cpu", burst.cpu_us_per_event())
        if burst.said["age_us"]:
            self.note(target, "paced_event_age", burst.said["age_us"]["p50"] / 1000)

    def plain_chat(self, target):
        """Saturated with 64 connections."""
        self._load.plain(target, self._files.plain, 64, 1)
        burst = self._load.plain(target, self._files.plain, 64, self._seconds)
        self._checked(target, "plain chat", burst)
        self.note(target, "chat_cpu", burst.cpu_ms_per_1000())
        self.note(target, "chat_cpu_serving", burst.cpu_ms_per_1000(serving_only=True))
        self.note(target, "chat_rps", burst.said["ok"] / burst.said["secs"])
        self.note(target, "rss_peak", burst.rss_peak_mib)

    def latency(self, target):
        """At a rate well below saturation."""
        burst = self._load.fixed_rate(
            target, self._files.plain, FIXED_RATE, self._seconds
        )
        self._checked(target, "fixed rate", burst)
        for name in ("p50", "p99"):
            self.note(target, f"latency_{name}", burst.said["lat_us"][name] / 1000)

    def idle_stream(self, target):
        """One stream at a time: what one user waits for."""
        burst = self._load.streams(
            target,
            self._files.short_stream,
            connections=1,
            seconds=self._seconds,
            chunks=3,
        )
        self._checked(target, "idle stream", burst)
        self.note(target, "first_event_p50", burst.said["first_event_us"]["p50"] / 1000)
        self.note(target, "first_event_p99", burst.said["first_event_us"]["p99"] / 1000)

    def saturated_streams(self, target):
        """32 streams at once, events as fast as the mock can send them."""
        burst = self._load.streams(
            target,
            self._files.stream,
            connections=32,
            seconds=self._seconds,
            chunks=100,
        )
        self._checked(target, "saturated streams", burst)
        self.note(target, "event_cpu", burst.cpu_us_per_event())
        self.note(target, "events_per_s", burst.said["events_per_s"])

    def large_prompts(self, target):
        """Prompts with an image of 100 KiB and of 1 MiB."""
        for measure, body in (
            ("100k_cpu", self._files.large_100k),
            ("1m_cpu", self._files.large_1m),
        ):
            burst = self._load.plain(target, body, 16, self._seconds)
            self._checked(target, measure, burst)
            self.note(target, measure, burst.cpu_ms_per_1000())

    def crossed(self, target):
        """OpenAI in, Anthropic upstream, plain and streamed; warm, as the plain chats are."""
        self._load.plain(target, self._files.crossed, 64, 1)
        burst = self._load.plain(target, self._files.crossed, 64, self._seconds)
        self._checked(target, "crossed", burst)
        self.note(target, "crossed_cpu", burst.cpu_ms_per_1000())
        burst = self._load.streams(
            target,
            self._files.crossed_stream,
            connections=32,
            seconds=self._seconds,
            chunks=100,
        )
        self._checked(target, "crossed streams", burst)
        self.note(target, "crossed_event_cpu", burst.cpu_us_per_event())
