"""The description itself: valid OpenAPI 3.1, every answer named, every shape said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

SOURCES = Path(__file__).parents[2] / "crates/admin/src"
# A derive of `ToSchema` with the attributes that follow it, and the type's name.
TYPE = re.compile(
    r"(#\[derive\([^)]*\bToSchema\b[^)]*\)\](?:\s*#\[[^\n]*\]|\s*///[^\n]*)*)"
    r"\s*pub(?:\(\w+\))? (?:struct|enum) (\w+)"
)
METHODS = ("get", "put", "post", "patch", "delete")
# What has no one shape, and why.
FREE = {
    # Things as they were stored when the entry was written, in whatever form they had then.
    "AuditEntry.before",
    "AuditEntry.after",
    # Records in the form of a node's own spool, which only Wayleave reads and writes.
    "Batch.records",
}


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    found = OpenAPIV31SpecValidator(document).iter_errors()
    assert [f"{'/'.join(map(str, it.path))}: {it.message}" for it in found] == []


def test_no_answer_is_any_answer(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        answers = operation["responses"]
        assert "default" not in answers, name
        assert any(it.startswith("2") or it.startswith("3") for it in answers), name
        for status, answer in answers.items():
            bodiless = status in ("204", "304") or status.startswith("3")
            assert bodiless or answer.get("content"), f"{name}: {status} has no shape"


def test_every_shape_is_said(document: dict[str, Any]) -> None:
    free = set()
    for name, schema in document["components"]["schemas"].items():
        # A page's items are the schema of their own name, written out once more.
        if not name.startswith("PageView_"):
            free |= {where for where, it in below(schema, name) if is_free(it)}
    for name, operation in operations(document):
        for where, it in below(operation, name):
            if where.endswith("/schema") and is_free(it):
                free.add(where)
    assert free == FREE


def test_every_operation_and_parameter_is_told_in_words(document: dict[str, Any]) -> None:
    names = []
    for name, operation in operations(document):
        assert operation.get("summary") or operation.get("description"), name
        names.append(operation["operationId"])
        for it in operation.get("parameters", []):
            assert it.get("description"), f"{name}: {it['name']}"
    assert len(names) == len(set(names))


def test_no_two_types_go_by_one_name() -> None:
    """The later would stand for both, without a word."""
    names: Counter[str] = Counter()
    for path in SOURCES.rglob("*.rs"):
        for head, name in TYPE.findall(path.read_text()):
            other = re.search(r"schema\(as = (\w+)", head)
            names[other.group(1) if other else name] += 1
    assert names and [name for name, count in names.items() if count > 1] == []


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def below(it: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in it, and where it stands: a property as `Schema.property`."""
    if isinstance(it, list):
        for one in it:
            yield from below(one, where)
    elif isinstance(it, dict):
        yield where, it
        for name, one in it.items():
            if name == "properties":
                for field, schema in one.items():
                    yield from below(schema, f"{where}.{field}")
            elif name in ("items", "additionalProperties", "allOf", "oneOf", "anyOf"):
                yield from below(one, where)
            elif name not in ("example", "examples", "default", "enum"):
                yield from below(one, f"{where}/{name}" if "/" in where else where)


def is_free(schema: dict[str, Any]) -> bool:
    """Whether anything passes: no type at all, or an object of which nothing is said."""
    said = ("type", "$ref", "oneOf", "allOf", "anyOf", "enum", "const")
    if "type" not in schema:
        return not any(it in schema for it in said) and set(schema) <= {"description", "title", "nullable"}
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    shaped = ("properties", "additionalProperties", "allOf", "oneOf", "anyOf", "$ref")
    return "object" in types and not any(it in schema for it in shaped)
