"""The agents' own tools that write files, and what a model calls them with."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Offered:
    """A tool as a request offers it. Without a schema it takes free text."""

    name: str
    schema: dict[str, Any] | None


def patch(name: str, text: str) -> str:
    """A patch in Codex's own format, as the grammar of its tool has it: a new file in the folder it works in."""
    lines = "".join(f"+{line}\n" for line in text.splitlines())
    return f"*** Begin Patch\n*** Add File: {name}\n{lines}*** End Patch\n"


def _shell(path: Path, text: str) -> str:
    return f"printf %s {shlex.quote(text)} > {shlex.quote(str(path))}"


# Called with a text instead of JSON.
FREE_FORM = ("apply_patch",)
# By the names their agents give them. The first that is offered is called.
WRITERS: dict[str, Callable[[Path, str], Any]] = {
    # Claude Code
    "Write": lambda path, text: {"file_path": str(path), "content": text},
    # gemini-cli
    "write_file": lambda path, text: {"file_path": str(path), "content": text},
    # Codex: its patches, where it knows the model, else its shell.
    "apply_patch": lambda path, text: patch(path.name, text),
    "exec_command": lambda path, text: {"cmd": _shell(path, text)},
}
