"""When a source wants to be left alone: what its answers say about limits, in each API's own way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from shared.models.base import in_utc

# A source that names no time, or an absurd one, is asked again after these.
DEFAULT_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# Daily quotas end with their day.
LONGEST_QUOTA = timedelta(hours=24)
# Winter time all year: an hour too late in summer rather than an hour too early in winter.
CALIFORNIA = timezone(timedelta(hours=-8))

Limits = Callable[[int, Mapping[str, str], Any], datetime | None]
"""Tells from status, headers and parsed body (None if it is not JSON) until when to pause, if at all."""


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
            pause = in_utc(parsedate_to_datetime(retry_after)) - now
        except (ValueError, OverflowError):
            pause = DEFAULT_PAUSE
    return now + _within(pause, LONGEST_PAUSE)


def _within(pause: timedelta, longest: timedelta) -> timedelta:
    return min(pause if pause > timedelta(0) else DEFAULT_PAUSE, longest)


def by_status(status: int, headers: Mapping[str, str], body: Any) -> datetime | None:
    """Read 429 and 503 with their Retry-After, as any web server means them."""
    del body
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return limited_until(headers.get("retry-after", ""), datetime.now(UTC))
    return None


def of_github(status: int, headers: Mapping[str, str], body: Any) -> datetime | None:
    """Read GitHub's limits: 403 or 429 with Retry-After, an empty allowance, or a secondary limit.

    The headers also tell, with a good answer, that it was the last one allowed.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    now = datetime.now(UTC)
    refused = status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
    if refused and headers.get("retry-after"):
        return limited_until(headers["retry-after"], now)
    if headers.get("x-ratelimit-remaining", "").strip() == "0" and (refused or status == HTTPStatus.OK):
        return _epoch(headers.get("x-ratelimit-reset", ""), now)
    if refused and "secondary rate limit" in _text(body, "message").casefold():
        return now + DEFAULT_PAUSE
    return by_status(status, headers, body)


def _epoch(reset: str, now: datetime) -> datetime:
    """Return the moment that a UNIX time in seconds names, a minute from now if it is unreadable."""
    if not re.fullmatch(r"[0-9]{1,11}", reset.strip()):
        return now + DEFAULT_PAUSE
    return now + _within(timedelta(seconds=int(reset) - now.timestamp()), LONGEST_PAUSE)


def of_stack_exchange(status: int, headers: Mapping[str, str], body: Any) -> datetime | None:
    """Read Stack Exchange's limits: `backoff` in any answer, an empty quota, error 502 (throttle_violation).

    https://api.stackexchange.com/docs/throttle
    """
    now = datetime.now(UTC)
    fields = body if isinstance(body, dict) else {}
    if fields.get("error_name") == "throttle_violation" or fields.get("error_id") == 502:
        seconds = re.search(r"available in ([0-9]{1,6}) seconds", _text(body, "error_message"))
        return now + _within(timedelta(seconds=int(seconds[1]) if seconds else 0), LONGEST_QUOTA)
    backoff, remaining = fields.get("backoff"), fields.get("quota_remaining")
    if isinstance(backoff, int) and 0 < backoff < 1_000_000:
        return now + _within(timedelta(seconds=backoff), LONGEST_PAUSE)
    if isinstance(remaining, int) and remaining <= 0:
        return _next_midnight(now, UTC)
    return by_status(status, headers, body)


def of_youtube(status: int, headers: Mapping[str, str], body: Any) -> datetime | None:
    """Read YouTube's limits: a used-up quota lasts until midnight in California, a rate limit a minute.

    https://developers.google.com/youtube/v3/docs/errors
    """
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
        reasons = _reasons(body)
        if reasons & {"quotaExceeded", "dailyLimitExceeded"}:
            return _next_midnight(datetime.now(UTC), CALIFORNIA)
        if reasons & {"rateLimitExceeded", "userRateLimitExceeded"}:
            return limited_until(headers.get("retry-after", ""), datetime.now(UTC))
    return by_status(status, headers, body)


def _reasons(body: Any) -> set[str]:
    error = body.get("error") if isinstance(body, dict) else None
    errors = error.get("errors") if isinstance(error, dict) else None
    found = errors if isinstance(errors, list) else []
    return {str(one.get("reason")) for one in found if isinstance(one, dict)}


def _next_midnight(now: datetime, zone: timezone) -> datetime:
    local = now.astimezone(zone) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _text(body: Any, field: str) -> str:
    value = body.get(field) if isinstance(body, dict) else None
    return value[:1000] if isinstance(value, str) else ""
