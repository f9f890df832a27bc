"""What schemathesis may send: requests that reach the operation they are meant for.

Some generated paths, such as /lessons/status/x, are another route's, and some are nobody's. The first would
be judged by the wrong description; the second are the host's own 404, which test_hostile_requests.py holds.
"""

from __future__ import annotations

from typing import Any

import schemathesis

from tests.support.described import function_of


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: Any) -> bool:
    """Tell whether a case reaches its own operation."""
    reached = function_of(case.method, f"/api{case.formatted_path}")
    return bool(reached == case.operation.definition.raw["operationId"])
