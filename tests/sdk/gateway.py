"""A real `wayleave` process in a folder of its own, and what it recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

BIN = os.environ.get("WAYLEAVE_BIN") or str(Path(__file__).parents[2] / "target/debug/wayleave")
# Debug builds on a busy machine.
START_SECONDS = 30
STOP_SECONDS = 20
# How soon a call must be in the usage list.
RECORDED_SECONDS = 1.0


class Gateway:
    """`wayleave serve`, ready."""

    def __init__(self, folder: Path, setup: dict[str, Any], *flags: str) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        # JSON is YAML.
        (folder / "setup.yaml").write_text(json.dumps(setup, indent=1))
        command = [BIN, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data)]
        command += ["--upstream-allow", "127.0.0.0/8", "--apply", str(folder / "setup.yaml"), *flags]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=_environment(), text=True)
        self.said: list[str] = []
        self._ready = threading.Event()
        self.url = ""
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(START_SECONDS) or not self.url:
            self.process.kill()
            raise RuntimeError(f"wayleave did not become ready:\n{self.story()}")

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if '"event":"ready"' in line:
                self.url = json.loads(line)["url"]
                self._ready.set()
        # It has ended: nobody need wait any longer.
        self._ready.set()

    def story(self) -> str:
        """What it printed and logged."""
        return "".join(self.said) + self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"wayleave did not stop:\n{self.story()}") from None

    def command(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that a command prints."""
        command = [BIN, *arguments, "--json", "--data", str(self.data)]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def row(self, request_id: str) -> dict[str, Any]:
        """The usage row of a request, which must be there within a second."""
        deadline = time.monotonic() + RECORDED_SECONDS
        while True:
            in_time = time.monotonic() <= deadline
            rows = self.command("usage", "--request-id", request_id)
            if rows:
                assert len(rows) == 1, rows
                return rows[0]
            assert in_time, f"{request_id} is not in the usage after {RECORDED_SECONDS} s"
            time.sleep(0.05)


def _environment() -> dict[str, str]:
    """Without settings of the caller's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WAYLEAVE_")}
