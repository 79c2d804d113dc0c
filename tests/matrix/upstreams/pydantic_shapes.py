"""Checks JSON against vendors' pydantic models: what does not fit, and fields that no model knows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError


@lru_cache(maxsize=None)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def mistakes(value: Any, kind: Any, path: str) -> list[str]:
    """What of `value` does not fit `kind`."""
    try:
        model = _adapter(kind).validate_python(value)
    except ValidationError as why:
        return [f"{path}.{'.'.join(map(str, it['loc']))}: {it['msg']}" for it in why.errors()]
    return unknown(value, model, path)


def unknown(value: Any, model: Any, path: str) -> list[str]:
    """Fields that were taken or passed over without a meaning."""
    if isinstance(model, BaseModel) and isinstance(value, Mapping):
        fields = type(model).model_fields
        named = {field.alias or name: name for name, field in fields.items()} | {name: name for name in fields}
        out = []
        for name, item in value.items():
            if name not in named:
                out.append(f"{path}.{name}: unknown field ({type(model).__name__})")
            else:
                out += unknown(item, getattr(model, named[name]), f"{path}.{name}")
        return out
    if isinstance(model, list | tuple) and isinstance(value, list):
        return [it for at, pair in enumerate(zip(value, model)) for it in unknown(*pair, f"{path}[{at}]")]
    return []
