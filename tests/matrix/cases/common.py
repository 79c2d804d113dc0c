"""What several situations share: words, pictures, tools."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from neutral import Answer, Ask, Call, Fails, Situation, Step, Text, Tool, user
from situations import Tokens

TEXT = 'Grüße aus dem Tal: 21 °C, 🌤 – and a "quote".\nSecond line.'
AFTER = "It is 21 degrees."


def _png(colour: bytes = b"\xff\0\0") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    dot = zlib.compress(b"\0" + colour)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", dot) + chunk(b"IEND", b"")


def _pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def _wav() -> bytes:
    sound = b"\0\0" * 8
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(sound),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        8000,
        16000,
        2,
        16,
        b"data",
        len(sound),
    )
    return head + sound


PNG_BYTES = _png()
PNG = base64.b64encode(PNG_BYTES).decode()
BLUE_PNG = base64.b64encode(_png(b"\0\0\xff")).decode()
PDF_BYTES = _pdf()
PDF = base64.b64encode(PDF_BYTES).decode()
WAV = base64.b64encode(_wav()).decode()
# Where the scripted upstream serves `PNG_BYTES`; the host is filled in when a cell runs.
PICTURE_URL = "http://pictures.invalid/dot.png"

WEATHER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
WEATHER = Tool("weather", "The weather of a place.", WEATHER_SCHEMA)
CLOCK = Tool("clock", "The time.", {"type": "object", "properties": {}})
OSLO = Call("call_oslo_1", "weather", {"city": "Oslo", "days": 3})
ROME = Call("call_rome_2", "weather", {"city": 'Rome "centro"'})
NOON = Call("call_clock_3", "clock", {})
PLACE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
PLACE = '{"city": "Oslo", "degrees": 21}'
SAID = Answer((Text(TEXT),))
# Where the scripted upstream serves `PDF_BYTES`.
DOCUMENT_URL = "http://pictures.invalid/report.pdf"


def asked(name: str, about: str, ask: Ask, answer: Answer | Fails = SAID, **more: Any) -> Situation:
    """A situation of one step."""
    return Situation(name, about, (Step(ask, answer),), **more)


def plain(**more: Any) -> Ask:
    """A plain question, with more wishes."""
    return Ask((user("Hello, 世界"),), **more)


def with_tools(*tools: Tool, **more: Any) -> Ask:
    """A question that tools may help with."""
    return Ask((user("What is the weather?"),), tools=tools or (WEATHER,), **more)


def called(*calls: Call, text: str = "", **more: Any) -> Answer:
    """An answer that calls tools."""
    said = (Text(text),) if text else ()
    return Answer((*said, *calls), finish="tools", **more)


THINKING = Tokens(output=30, reasoning=23)
