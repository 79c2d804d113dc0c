"""Checks JSON against the request types that the vendors' SDKs ship: a field they do not know is a mistake.

The types are TypedDicts (`openai.types.chat.completion_create_params` and its Anthropic sister). A validator
that knows them by heart would have its own idea of them; pydantic's would let unknown fields pass and not look
into an `Iterable`. So the annotations are walked, as they stand.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import typing_extensions
from typing_extensions import NotRequired, Required, is_typeddict


def mistakes(value: object, kind: Any, path: str = "") -> list[str]:
    """What of `value` does not fit `kind`; empty if all of it does."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (typing.Annotated, typing_extensions.Annotated, Required, NotRequired):
        return mistakes(value, args[0], path)
    if is_typeddict(kind):
        return _object(value, kind, path)
    if origin in (typing.Union, UnionType):
        return _one_of(value, args, path)
    if origin in (typing.Literal, typing_extensions.Literal):
        fits = any(value == it and type(value) is type(it) for it in args)
        return [] if fits else [f"{path}: {value!r} is none of {list(args)!r}"]
    if origin in (list, Iterable, Sequence):
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [it for at, item in enumerate(value) for it in mistakes(item, args[0], f"{path}[{at}]")]
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no object"]
        return [it for key, item in value.items() for it in mistakes(item, args[1], f"{path}.{key}")]
    return _plain(value, kind, path)


def _plain(value: object, kind: Any, path: str) -> list[str]:
    if kind in (object, Any):
        return []
    if kind in (None, NoneType):
        return [] if value is None else [f"{path}: {value!r} is not null"]
    if kind in (int, float):
        number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
        return [] if number else [f"{path}: {value!r} is no {kind.__name__}"]
    # Types of the Python side (open files, paths) never stand in JSON.
    fits = kind in (str, bool) and isinstance(value, kind)
    return [] if fits else [f"{path}: {value!r} is no {getattr(kind, '__name__', kind)}"]


def _object(value: object, kind: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object ({kind.__name__})"]
    fields, required = _fields(kind)
    wrong = [f"{path}.{name}: missing ({kind.__name__})" for name in sorted(required - value.keys())]
    for name, item in value.items():
        if name in fields:
            wrong += mistakes(item, fields[name], f"{path}.{name}")
        else:
            wrong.append(f"{path}.{name}: unknown field ({kind.__name__})")
    return wrong


@lru_cache(maxsize=None)
def _fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    # `__required_keys__` cannot see a `Required[…]` inside postponed annotations.
    wanted = {name for name, hint in hints.items() if get_origin(hint) is Required}
    spared = {name for name, hint in hints.items() if get_origin(hint) is NotRequired}
    return hints, frozenset((wanted | kind.__required_keys__) - spared)


def _one_of(value: object, kinds: tuple[Any, ...], path: str) -> list[str]:
    """The mistakes of the kind that comes nearest: of the value's own `type` or `role`, list for list."""
    nearest: list[str] | None = None
    elsewhere = (f"{path}:", f"{path}.type:", f"{path}.role:")
    for kind in kinds:
        wrong = mistakes(value, kind, path)
        if not wrong:
            return []
        near = not any(it.startswith(elsewhere) for it in wrong)
        if nearest is None or near:
            nearest = wrong
    return nearest or [f"{path}: nothing fits"]
