"""@copilotkit/aimock, an upstream written by others, in its OpenAI and Anthropic modes on one port."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.request import urlopen

CLI = os.environ.get("AIMOCK_CLI") or str(
    Path(__file__).parents[1] / "node_modules/@copilotkit/aimock/dist/cli.js"
)
READY = "listening on "


class Aimock:
    """The server, ready."""

    def __init__(self, folder: Path, fixtures: list[dict[str, Any]]) -> None:
        file = folder / "fixtures.json"
        file.write_text(json.dumps({"fixtures": fixtures}, ensure_ascii=False))
        command = ["node", CLI, "-p", "0", "-f", str(file), "--strict", "--validate-on-load"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(60) or not self.url:
            self.process.kill()
            raise RuntimeError("aimock did not start:\n" + "".join(self.said))

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if READY in line:
                self.url = line.split(READY)[1].split()[0]
                self._ready.set()
        self._ready.set()

    def journal(self) -> list[dict[str, Any]]:
        """The requests it got, oldest first."""
        with urlopen(f"{self.url}/__aimock/journal?limit=50") as answer:
            return json.load(answer)

    def stop(self) -> None:
        """After all tests."""
        self.process.terminate()
        self.process.wait(10)
