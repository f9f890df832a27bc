"""What schemathesis sends and asks beyond its own: requests of sense, judged by what they reach.

Some paths, such as /lessons/status/x, are another route's: the answer would be judged by the wrong
description. Others, such as /roadmaps/0, are nobody's: the host answers 404 by itself, without the body that
a description cannot call optional. Both are noted, and sent by `test_schemathesis.py`, which judges them by
what they reach. Methods that a path does not take are sent.
"""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

from tests.openapi.sense import unexplained
from tests.support.described import function_of

KEY, LEARNER = "Idempotency-Key", "X-User-Id"
UNPROCESSABLE = 422
_numbers = count()


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: Any) -> bool:
    """Tell whether a case reaches its own operation, or is of a method that its path does not take."""
    if case.method.upper() != case.operation.method.upper():
        return True
    if function_of(case.method, f"/api{case.formatted_path}") == case.operation.definition.raw["operationId"]:
        return True
    with Path(f"{os.getpid()}.noted").open("a", encoding="utf-8") as noted:
        noted.write(json.dumps([case.method, case.formatted_path]) + "\n")
    return False


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Any, kwargs: dict[str, Any]) -> None:
    """Let what fits its description make sense: a key is used once, a back end names one learner."""
    if not _is_right(case):
        return
    if KEY in case.headers:
        case.headers[KEY] = f"{case.headers[KEY][:150]}-{next(_numbers)}"
    if case.operation.definition.raw["operationId"] == "generate_lesson_content":
        if case.body.get("user_id") is not None:
            case.headers.pop(LEARNER, None)
        else:
            case.headers.setdefault(LEARNER, "somebody")


@schemathesis.check
def refused_for_what_no_schema_tells(ctx: Any, response: Any, case: Any) -> None:
    """Fail where a request that fits its description is refused for what the description should tell."""
    if response.status_code == UNPROCESSABLE and _is_right(case):
        found = unexplained(case.operation.definition.raw["operationId"], response.json()["errors"])
        assert not found, f"a schema should tell of this: {found}"


def _is_right(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
