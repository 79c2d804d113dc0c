"""Requests made up from the description, valid and invalid, by an operator and by an admin: no answer is a 5xx, none
has a status, a media type or a shape that is not described, and what is invalid is refused.

What is made up is the same in each run. `API_EXAMPLES` (5) is how many of each kind an operation gets.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server import Caller, Server

EXAMPLES = int(os.environ.get("API_EXAMPLES", "5"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
FIXED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    # One that fails is told as it is: shrinking takes longer than reading it.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_every_answer_is_described(server: Server, document: dict[str, Any], role: str) -> None:
    caller: Caller = getattr(server, role)
    schema = schemathesis.openapi.from_dict(strict(document))
    schema.config.update(base_url=server.url)
    session = requests.Session()
    failures: list[str] = []
    statuses: Counter[int] = Counter()
    names = server.furnish()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            failures += attack(operation, mode, caller, session, names, statuses)
        # What is gone, or goes by another name, is made again.
        if operation.method.upper() in ("DELETE", "PATCH"):
            names = server.furnish()
    print(f"{role}: {sum(statuses.values())} answers: {dict(sorted(statuses.items()))}")
    assert not failures, f"{len(failures)} operations:\n\n" + "\n\n".join(failures)


def test_what_is_made_is_as_described(server: Server, document: dict[str, Any]) -> None:
    """Made-up requests are mostly refused: these were not."""
    schema = schemathesis.openapi.from_dict(strict(document))
    schema.config.update(base_url=server.url)
    paths = set()
    for it in server.operator.made:
        case = schema[it.path]["POST"].Case(path_parameters=it.names, body=it.body)
        case.validate_response(it.reply, checks=CHECKS)
        paths.add(it.path)
    assert len(paths) > 10, paths


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The same, in which what is not described is wrong: a field of an answer that nobody wrote down."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    parts = {it["$ref"].rpartition("/")[2] for all_of in named(schemas, "allOf") for it in all_of if "$ref" in it}
    for name, schema in schemas.items():
        close(schema, part=name in parts)
    return document


def named(it: Any, name: str) -> Iterator[Any]:
    """What stands under that name, anywhere in it."""
    for key, one in it.items() if isinstance(it, dict) else enumerate(it) if isinstance(it, list) else ():
        if key == name:
            yield one
        yield from named(one, name)


def close(schema: Any, part: bool) -> None:
    """Lets an object have what is described only; a part of another one is left to that."""
    if isinstance(schema, list):
        for it in schema:
            close(it, part)
    elif isinstance(schema, dict):
        if not part and ("allOf" in schema or ("properties" in schema and "additionalProperties" not in schema)):
            schema["unevaluatedProperties"] = False
        for name, it in schema.items():
            if name == "properties":
                for field in it.values():
                    close(field, part=False)
            elif name in ("items", "oneOf", "anyOf", "allOf"):
                close(it, part=name == "allOf")


def attack(
    operation: Any,
    mode: GenerationMode,
    caller: Caller,
    session: requests.Session,
    names: dict[str, list[str]],
    statuses: Counter[int],
) -> list[str]:
    """What is wrong with its answers: the first that is."""
    # Most calls are about things that are there: all others end at the first look-up.
    place = st.tuples(st.integers(0, 9), st.integers(0, 9))

    @FIXED
    @given(case=operation.as_strategy(generation_mode=mode), place=place)
    def answers_are_described(case: Any, place: tuple[int, int]) -> None:
        often, which = place
        if often < 8:
            for name in list(case.path_parameters or {}):
                known = workspace(case.path) if name == "workspace" else names.get(name)
                if known:
                    case.path_parameters[name] = known[which % len(known)]
        response = case.call(session=session, headers=caller.headers, timeout=60)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    try:
        answers_are_described()
    except Unsatisfiable:
        # It takes nothing that could be wrong.
        return []
    except FailureGroup as error:
        return [f"{mode.name} {operation.label}: {error}"]
    return []


def workspace(path: str) -> list[str]:
    """The one that a path may name: what is done to it as a whole is done to another."""
    return ["scrap"] if path.startswith("/api/v1/system/") else ["main"]
