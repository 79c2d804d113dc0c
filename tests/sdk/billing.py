"""What must be recorded of a call: the tokens its client saw, their price, and how it ended."""

from __future__ import annotations

from typing import Any

from clients import Answer, Client
from situations import Tokens

# The documented keys of `wayleave usage --json`, all and no others.
KEYS = {
    *("request_id", "started_at", "workspace", "key", "key_version", "owner", "environment", "alias", "provider"),
    *("model", "surface", "operation", "status", "error_code", "stream_end", "input_tokens", "output_tokens"),
    *("cached_tokens", "cache_write_tokens", "reasoning_tokens", "cost_nanos", "usage_source", "attempts"),
    *("images", "characters", "audio_seconds", "video_seconds", "searches"),
    *("total_ms", "first_token_ms", "tags", "supply", "quota_type"),
}


def billed(client: Client, answer: Answer, alias: str, tokens: Tokens) -> dict[str, Any]:
    """The usage row of an answered call, checked in everything that its client could know."""
    row = client.gateway.row(answer.request_id)
    assert row.keys() == KEYS, row.keys() ^ KEYS
    who, dialect, *model = alias.split("/", 2)
    expected = {
        "request_id": answer.request_id,
        "workspace": "main",
        "key": "sdk",
        "key_version": 1,
        "owner": "platform",
        "environment": "test",
        "alias": alias,
        "provider": f"{who}-{dialect}",
        "model": model[0] if model else "mock",
        "operation": "chat",
        "status": 200,
        "error_code": None,
        "stream_end": "done",
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cached_tokens": tokens.cached,
        "cache_write_tokens": tokens.written,
        "reasoning_tokens": tokens.reasoning,
        "cost_nanos": tokens.nanos(),
        "attempts": 1,
        "tags": ["suite"],
    }
    assert {key: row[key] for key in expected} == expected
    assert row["total_ms"] >= 0
    return row
