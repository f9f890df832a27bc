"""Every answer that a test sees must be one that the API's description tells of."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema_rs

from devhost.engine.http_request import decoded_path
from devhost.routing.table import Route, RouteTable
from devhost.routing.template import RouteTemplate
from tests.support.function_table import api_description, http_triggers


@cache
def _routes() -> RouteTable:
    return RouteTable(
        Route(name, RouteTemplate(f"api/{trigger['route']}"), frozenset(trigger["methods"]))
        for name, trigger in http_triggers().items()
    )


@cache
def _responses(function: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        operation["responses"]
        for methods in api_description()["document"]["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == function
    )
    return found


@cache
def _validator(function: str, status: str, media: str) -> jsonschema_rs.Validator:
    schema = _responses(function)[status]["content"][media]["schema"]
    components = api_description()["document"]["components"]
    return jsonschema_rs.validator_for({**schema, "components": components})


def function_of(method: str, path: str) -> str | None:
    """Return the function that a request reaches, None for a path that is no route; it comes encoded."""
    match = _routes().match(method, decoded_path(path))
    return match.function if match else None


def read_description() -> None:
    """Read the description now: it takes a second, which a test that kills in the middle of a call lacks."""
    _routes()
    api_description()


def check_described(response: httpx.Response) -> None:
    """Fail for an answer that its operation does not tell of: its status, its media type, its shape.

    What the host answers by itself has no body and is not the app's to describe.
    """
    response.read()
    function = function_of(response.request.method, urlsplit(str(response.request.url)).path)
    if function is None or (response.is_error and not response.content):
        return
    status, place = str(response.status_code), f"{function} {response.status_code}"
    described = _responses(function)
    assert status in described, f"{place} is not described: {response.text[:500]}"
    content = described[status].get("content", {})
    if not response.content:
        assert not content, f"{place}: it has no body"
        return
    media = response.headers.get("content-type", "").partition(";")[0]
    assert media in content, f"{place}: {media!r} is not described"
    if media.endswith("json"):
        errors = [
            f"{error.instance_path}: {error.message}"
            for error in _validator(function, status, media).iter_errors(response.json())
        ]
        assert errors == [], f"{place}: {errors[:3]}"
