"""Asking a web API for JSON without trusting it: bounded in size and time, no redirect to another place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from shared.research.fetching.bounded import read_bounded
from shared.research.limits import Limits, by_status
from shared.research.protocol import SourceFailed, SourceLimited, Unreachable

MAX_BODY_BYTES = 1_000_000
MAX_REDIRECTS = 2
# A network that swallows packets must not cost every source its whole deadline.
CONNECT_SECONDS = 3.0

M = TypeVar("M", bound=BaseModel)


class NotThere(SourceFailed):
    """The API has no such page (404 or 410)."""


def unreachable(host: str, error: Exception) -> SourceFailed:
    """Return what to raise when a request brought no answer, by how far it came."""
    text = f"{host} could not be reached ({type(error).__name__})"
    failed = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return Unreachable(text) if failed else SourceFailed(text)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: `redirect` is where a redirect points to, `body` is empty then."""

    status: int
    headers: httpx.Headers
    body: bytes
    redirect: str | None


async def get_json(
    http: httpx.AsyncClient,
    url: str,
    *,
    parameters: Mapping[str, str],
    timeout_seconds: float,
    headers: Mapping[str, str] | None = None,
    limits: Limits = by_status,
    pause: Callable[[datetime], None] | None = None,
) -> Any:
    """Return the JSON that an API answers with.

    Redirects are followed on the same origin only. `limits` reads what the API says about its limits; with
    a good answer that is told to `pause`, for the next question. Raises `NotThere`, `SourceLimited` or
    `SourceFailed`.
    """
    target = httpx.URL(url, params=dict(parameters)) if parameters else httpx.URL(url)
    for _ in range(MAX_REDIRECTS + 1):
        try:
            answer = await _get(http, target, timeout_seconds, headers or {})
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise SourceFailed(f"{target.host} did not answer within {timeout_seconds:g} s") from None
        except httpx.HTTPError as error:
            raise unreachable(target.host, error) from None
        if answer.redirect is None:
            return _judged(answer, target.host, limits, pause)
        target = _same_origin(target, answer.redirect)
    raise SourceFailed(f"{target.host} redirects in a circle")


async def get_model(model: type[M], name: str, http: httpx.AsyncClient, url: str, **options: Any) -> M:
    """Return an API's JSON as a validated model; `name` says in errors who answered. As `get_json`."""
    answer = await get_json(http, url, **options)
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        raise SourceFailed(f"{name} answered in an unknown shape (at {field[:60]})") from None


async def _get(
    http: httpx.AsyncClient, url: httpx.URL, timeout_seconds: float, headers: Mapping[str, str]
) -> _Answer:
    # Uncompressed where the API allows it (Stack Exchange does not), so that what is counted is what is read.
    asked = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
    timeout = httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS))
    async with http.stream("GET", url, headers=asked, timeout=timeout, follow_redirects=False) as response:
        if response.is_redirect:
            location = response.headers.get("location", "")
            return _Answer(response.status_code, response.headers, b"", location)
        body = await read_bounded(response, MAX_BODY_BYTES)
        return _Answer(response.status_code, response.headers, body, None)


def _judged(answer: _Answer, host: str, limits: Limits, pause: Callable[[datetime], None] | None) -> Any:
    """Return the parsed body of a good answer; raise for any other."""
    good = answer.status == HTTPStatus.OK
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = re.fullmatch(r"application/(?:[\w.-]+\+)?json", content_type) is not None
    try:
        document = json.loads(answer.body) if is_json else None
    except (ValueError, RecursionError):
        if good:
            raise SourceFailed(f"{host} answered with something that is not JSON") from None
        document = None
    until = limits(answer.status, answer.headers, document)
    if until is not None and not good:
        raise SourceLimited(until)
    if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise NotThere(f"{host} has no such page")
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise SourceFailed(f"{host} refuses to answer (status {answer.status}): check its API key")
    if not good:
        raise SourceFailed(f"{host} answered with status {answer.status}")
    if not is_json:
        raise SourceFailed(f"{host} answered with {content_type[:60] or 'no content type'} instead of JSON")
    if until is not None and pause is not None:
        pause(until)
    return document


def _same_origin(url: httpx.URL, location: str) -> httpx.URL:
    target = urljoin(str(url), location)
    try:
        before, after = urlsplit(str(url)), urlsplit(target)
        same = (before.scheme, before.netloc) == (after.scheme, after.netloc)
    except ValueError:
        same = False
    if not location or not same:
        raise SourceFailed(f"{url.host} redirects to another place")
    return httpx.URL(target)
