"""A real `wayleave` process with one of each noun in it, and callers of its management API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

BIN = os.environ.get("WAYLEAVE_BIN") or str(Path(__file__).parents[2] / "target/debug/wayleave")
# Debug builds on a busy machine.
START_SECONDS = 60
STOP_SECONDS = 30
RECORDED_SECONDS = 30
# Nothing listens there: a provider that is asked cannot be reached, and says so at once.
NOWHERE = "http://127.0.0.1:9/v1"
KEY = "wl_api_tests_0123456789abcdef0123456789"


class Server:
    """`wayleave serve` on SQLite, ready, and two who call it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        command = [BIN, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), "--upstream-allow", "127.0.0.0/8"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=_environment(), text=True)
        self.url = ""
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        if not self._ready.wait(START_SECONDS) or not self.url:
            self.process.kill()
            raise RuntimeError(f"wayleave did not become ready:\n{self.story()}")
        try:
            self._settle()
        except BaseException:
            self.process.kill()
            raise

    def _settle(self) -> None:
        """Its two callers, one of each noun, and rows of usage."""
        self.operator = Caller(self.url, self._token("token", "create", "api-tests", "--instance"))
        self.operator.make("/system/workspaces", {"name": "main"})
        admin = {"name": "api-tests", "role": "admin"}
        made = self.operator.make("/workspaces/{workspace}/tokens", admin, workspace="main")
        self.admin = Caller(self.url, made["secret"])
        self.furnish()
        self._call()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if '"event":"ready"' in line:
                self.url = json.loads(line)["url"]
                self._ready.set()
        self._ready.set()

    def _token(self, *arguments: str) -> str:
        command = [BIN, *arguments, "--json", "--data", str(self.data)]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["secret"]

    def _call(self) -> None:
        """Makes calls that leave rows of usage: by the sandbox that a first start makes, and to nobody."""
        caller = {"authorization": f"Bearer {KEY}"}
        models = ("sandbox/echo", "sandbox/tools", "sandbox/error-400", "a")
        for model in models:
            body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
            requests.post(f"{self.url}/v1/chat/completions", json=body, headers=caller, timeout=60)
        deadline = time.monotonic() + RECORDED_SECONDS
        while len(self.operator.items("/workspaces/main/usage")) < len(models):
            assert time.monotonic() < deadline, "no usage is on record"
            time.sleep(0.1)

    def story(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def furnish(self) -> dict[str, list[str]]:
        """Makes sure that there is one of each noun; names by which paths may call them, by parameter."""
        make = self.operator.make
        main, here = "/workspaces/main", {"workspace": "main"}
        below = "/workspaces/{workspace}"
        make("/system/workspaces", {"name": "main"})
        make("/system/workspaces", {"name": "scrap"})
        make("/system/plans", {"name": "small", "features": []})
        make("/system/people", {"email": "someone@example.com"})
        make(f"{below}/members", {"person": "someone@example.com", "role": "viewer"}, **here)
        make(f"{below}/owners", {"name": "team"}, **here)
        make(f"{below}/providers", {"name": "p", "kind": "openai-compatible", "base_url": NOWHERE}, **here)
        for name in ("c", "d"):
            secret = {"api_key": f"sk-{name}-0123456789abcdef"}
            credential = {"name": name, "fields": secret, "skip_validation": True}
            make(f"{below}/providers/{{provider}}/credentials", credential, **here, provider="p")
        make(f"{below}/models", {"provider": "p", "name": "m", "type": "llm", "free": True}, **here)
        make(f"{below}/aliases", {"name": "a", "targets": [{"provider": "p", "model": "m"}]}, **here)
        make(f"{below}/keys", {"name": "k", "owner": "team", "environment": "test"}, **here)
        make(f"{below}/keys", {"name": "caller", "owner": "team", "environment": "test", "secret": KEY}, **here)
        make(f"{below}/tokens", {"name": "scrap", "role": "viewer"}, **here)
        make("/system/tokens", {"name": "scrap"})
        invited = make(f"{below}/invitations", {"email": "nobody@example.com", "role": "viewer"}, **here)
        models = self.operator.items(f"{main}/models?provider=p")
        for it in models[:1]:
            pool = {"enabled": True, "entries": [{"credential": "c"}, {"credential": "d"}]}
            self.operator.ask("PUT", f"{main}/models/{it['id']}/pool", pool)
        people = self.operator.items("/system/people")
        return {
            "provider": ["p"],
            "credential": ["c", "d"],
            "model": [it["id"] for it in models],
            "alias": ["a"],
            "number": ["1"],
            "key": ["k"],
            "owner": ["team"],
            "plan": ["small"],
            "person": ["someone@example.com"] + [it["id"] for it in people],
            "member": ["someone@example.com"],
            "token": ["scrap"],
            "request": [it["request_id"] for it in self.operator.items(f"{main}/usage")],
            "invitation": [it["id"] for it in self.operator.items(f"{main}/invitations")] or [invited.get("id", "")],
        }


@dataclass
class Made:
    """Something that was made, and what was answered."""

    path: str
    names: dict[str, str]
    body: dict[str, Any]
    reply: requests.Response


class Caller:
    """Somebody with a management token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.headers = {"authorization": f"Bearer {token}"}
        self.made: list[Made] = []

    def make(self, path: str, body: dict[str, Any], **names: str) -> dict[str, Any]:
        """Makes a thing that may be there already: 409, or 200 where what is there is taken."""
        reply = self.ask("POST", path.format(**names), body)
        assert reply.status_code in (200, 201, 409), f"{path}: {reply.status_code} {reply.text}"
        if reply.status_code == 201:
            self.made.append(Made(f"/api/v1{path}", names, body, reply))
        return reply.json()

    def ask(self, method: str, path: str, body: dict[str, Any]) -> requests.Response:
        url = f"{self.url}/api/v1{path}"
        return requests.request(method, url, json=body, headers=self.headers, timeout=60)

    def items(self, path: str) -> list[dict[str, Any]]:
        reply = requests.get(f"{self.url}/api/v1{path}", headers=self.headers, timeout=60)
        assert reply.status_code == 200, f"{path}: {reply.status_code} {reply.text}"
        return reply.json()["items"]


def _environment() -> dict[str, str]:
    """Without settings of the caller's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WAYLEAVE_")}
