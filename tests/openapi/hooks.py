"""What schemathesis may send: requests that are judged by the description of what they reach.

Two kinds of generated cases are left out. Some paths, such as /lessons/status/x, are another route's: the
answer would be judged by the wrong description. Others, such as /roadmaps/0, are nobody's: the host answers
404 by itself, without the body that a description cannot call optional; test_hostile_requests.py holds that.
Methods that a path does not take are sent.
"""

from __future__ import annotations

from typing import Any

import schemathesis

from tests.support.described import function_of


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: Any) -> bool:
    """Tell whether a case reaches its own operation, or is of a method that its path does not take."""
    if case.method.upper() != case.operation.method.upper():
        return True
    reached = function_of(case.method, f"/api{case.formatted_path}")
    return bool(reached == case.operation.definition.raw["operationId"])
