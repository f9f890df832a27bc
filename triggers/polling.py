"""Status answers: an entity tag, 304 for one that is known, and a wait until it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import azure.functions as func

from shared.models.base import Model
from shared.services.waiting import WAITS
from triggers.answers import PRIVATE, json_answer
from triggers.questions import known_tags

T = TypeVar("T")


async def polled(
    req: func.HttpRequest,
    user_id: str,
    wait: int,
    read: Callable[[], Awaitable[T]],
    tag_of: Callable[[T], str],
    at_rest: Callable[[T], bool],
    body_of: Callable[[T], Awaitable[Model]],
) -> func.HttpResponse:
    """Answer a status request, after `wait` seconds at most; `at_rest` tells what nothing will change."""
    known = known_tags(req)
    found = await WAITS.until_changed(read, tag_of, at_rest, known, user_id, wait)
    tag = tag_of(found)
    if tag in known:
        return func.HttpResponse(status_code=HTTPStatus.NOT_MODIFIED.value, headers={**PRIVATE, "ETag": tag})
    return json_answer(await body_of(found), headers={"ETag": tag})
