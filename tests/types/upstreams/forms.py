"""Forms as servers read them: RFC 7578, nothing more."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass
class Part:
    """One field or file."""

    name: str
    filename: str | None
    content_type: str | None
    body: bytes


def read(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, in order."""
    kind, _, boundary = content_type.partition("; boundary=")
    assert kind == "multipart/form-data" and boundary, content_type
    pieces = body.split(b"--" + boundary.encode())
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n", (pieces[0], pieces[-1])
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    disposition = headers["content-disposition"]
    name = re.search(r' name="([^"]*)"', disposition)
    filename = re.search(r' filename="([^"]*)"', disposition)
    assert name, disposition
    return Part(name[1], filename[1] if filename else None, headers.get("content-type"), body.removesuffix(b"\r\n"))
