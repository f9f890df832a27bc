"""Asking a web API for JSON without trusting it: bounded in size and time, no redirect to another place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from shared.research.protocol import SourceFailed, SourceLimited

MAX_BODY_BYTES = 1_000_000
MAX_REDIRECTS = 2
# A source that names no time, or an absurd one, is asked again after these.
DEFAULT_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)

_LIMITING = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class NotThere(SourceFailed):
    """The API has no such page (404 or 410)."""


async def get_json(
    http: httpx.AsyncClient, url: str, *, parameters: Mapping[str, str], timeout_seconds: float
) -> Any:
    """Return the JSON that an API answers with.

    Redirects are followed on the same origin only. Raises `NotThere`, `SourceLimited` (429, 503) or
    `SourceFailed`.
    """
    target = httpx.URL(url, params=dict(parameters)) if parameters else httpx.URL(url)
    for _ in range(MAX_REDIRECTS + 1):
        try:
            redirect, body = await _get(http, target, timeout_seconds)
        except httpx.TimeoutException:
            raise SourceFailed(f"{target.host} did not answer within {timeout_seconds:g} s") from None
        except httpx.HTTPError as error:
            raise SourceFailed(f"{target.host} could not be reached ({type(error).__name__})") from None
        if redirect is None:
            return _parsed(body, target.host)
        target = _same_origin(target, redirect)
    raise SourceFailed(f"{target.host} redirects in a circle")


async def _get(http: httpx.AsyncClient, url: httpx.URL, timeout_seconds: float) -> tuple[str | None, bytes]:
    """Return where a redirect points to, or the body of a successful JSON answer."""
    # Uncompressed, so that what is counted is what is read: no small answer unfolds into a large one.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with http.stream(
        "GET", url, headers=headers, timeout=timeout_seconds, follow_redirects=False
    ) as response:
        if response.is_redirect:
            return response.headers.get("location", ""), b""
        _check(response)
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise SourceFailed(f"{url.host} answered with more than {MAX_BODY_BYTES:,} bytes")
        return None, bytes(body)


def _check(response: httpx.Response) -> None:
    host = response.url.host
    if response.status_code in _LIMITING:
        raise SourceLimited(limited_until(response.headers.get("retry-after", ""), datetime.now(UTC)))
    if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise NotThere(f"{host} has no such page")
    if response.status_code != HTTPStatus.OK:
        raise SourceFailed(f"{host} answered with status {response.status_code}")
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/(?:[\w.-]+\+)?json", content_type):
        raise SourceFailed(f"{host} answered with {content_type[:60] or 'no content type'} instead of JSON")
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise SourceFailed(f"{host} answered with a compressed body that was not asked for")


def _parsed(body: bytes, host: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceFailed(f"{host} answered with something that is not JSON") from None


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


def limited_until(retry_after: str, now: datetime) -> datetime:
    """Return until when a source wants to be left alone: Retry-After in seconds or as a date (RFC 9110,
    10.2.3).

    An unreadable or past value counts as a minute; nothing counts for more than an hour.
    """
    pause = DEFAULT_PAUSE
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        pause = timedelta(seconds=int(retry_after))
    elif retry_after:
        try:
            date = parsedate_to_datetime(retry_after)
            pause = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            pause = DEFAULT_PAUSE
    if pause <= timedelta(0):
        pause = DEFAULT_PAUSE
    return now + min(pause, LONGEST_PAUSE)
