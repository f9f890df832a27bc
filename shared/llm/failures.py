"""Telling apart the ways in which providers say no.

The shapes are those of the providers' own documentation (OpenRouter, Groq, Gemini, Ollama, llama.cpp).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.llm.exchange import ChatFailure, FailureKind
from shared.models.base import in_utc

MAX_DETAIL_CHARACTERS = 300
MAX_WAIT_SECONDS = 86_400.0
"""No provider's limit lasts longer than a day; a longer Retry-After is a mistake or malice."""

_PER_DAY = re.compile(r"per[\s_-]?day|\bdaily\b|\b[rt]pd\b", re.IGNORECASE)
_TRY_AGAIN = re.compile(
    r"try again in\s+(?:(\d{1,4})h)?\s*(?:(\d{1,5})m(?!s))?\s*(?:(\d{1,6}(?:\.\d{1,6})?)(m?s))?",
    re.IGNORECASE,
)
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")


@dataclass(frozen=True, slots=True)
class _Said:
    """A provider's error: status, its error object, and all the words in it in lower case."""

    status: int
    error: Mapping[str, Any]
    words: str

    def mentions(self, *phrases: str) -> bool:
        return any(phrase in self.words for phrase in phrases)


# The first that matches wins: the words are more exact than the status, which providers use differently.
_CLASSES: tuple[tuple[FailureKind, Callable[[_Said], bool]], ...] = (
    (
        FailureKind.REFUSED,
        lambda said: said.mentions("content_filter", "content_policy", "moderation", "flagged for"),
    ),
    (
        FailureKind.CONTEXT_OVERFLOW,
        lambda said: said.mentions(
            "exceed_context_size", "context_length_exceeded", "maximum context length", "input token count"
        ),
    ),
    (
        FailureKind.BAD_JSON,
        lambda said: "failed_generation" in said.error or said.mentions("json_validate_failed"),
    ),
    (FailureKind.MODEL_GONE, lambda said: said.status in {404, 410}),
    (
        FailureKind.MODEL_GONE,
        lambda said: said.mentions("model_not_found", "model_decommissioned", "model_deprecated"),
    ),
    (FailureKind.AUTH, lambda said: said.status in {401, 403}),
    (FailureKind.AUTH, lambda said: said.mentions("api key not valid", "invalid_api_key", "api_key_invalid")),
    (FailureKind.PAYMENT, lambda said: said.status == 402 or said.mentions("insufficient_quota")),
    (FailureKind.TOO_LARGE, lambda said: said.status == 413 or said.mentions("request too large")),
    (FailureKind.RATE_LIMITED, lambda said: said.status == 429 or said.mentions("rate_limit_exceeded")),
    (FailureKind.TIMEOUT, lambda said: said.status == 408),
    (FailureKind.SERVER, lambda said: said.status >= 500),
    (FailureKind.MALFORMED, lambda said: said.status < 400),
)


def failure_of(status: int, headers: Mapping[str, str], body: object) -> ChatFailure:
    """Classify an error reply; `body` is its decoded JSON, or None when it was none."""
    error = _error_object(body)
    said = _Said(status, error, _words(error))
    kind = next((kind for kind, matches in _CLASSES if matches(said)), FailureKind.REJECTED)
    message = error.get("message")
    generated = error.get("failed_generation")
    return ChatFailure(
        kind=kind,
        detail=one_line(
            f"HTTP {status}: {message}" if isinstance(message, str) and message else f"HTTP {status}"
        ),
        http_status=status,
        retry_after=retry_after_seconds(headers, error),
        per_day=kind is FailureKind.RATE_LIMITED and bool(_PER_DAY.search(said.words)),
        failed_generation=generated if isinstance(generated, str) else "",
    )


def one_line(text: str) -> str:
    """Return a text short enough for a log line, without line ends or control characters."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MAX_DETAIL_CHARACTERS]


def retry_after_seconds(headers: Mapping[str, str], error: Mapping[str, Any]) -> float | None:
    """Return the seconds to wait: Retry-After, Gemini's RetryInfo, Groq's "try again in 3m33.84s"."""
    for seconds in (_from_header(headers.get("retry-after", "")), _from_details(error), _from_message(error)):
        if seconds is not None:
            return min(max(seconds, 0.0), MAX_WAIT_SECONDS)
    return None


def _error_object(body: object) -> Mapping[str, Any]:
    """Find the error in a reply: `{"error": {...}}` or `{"error": "text"}`, maybe in a list (Gemini)."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, Mapping):
        return {}
    error = body.get("error", body)
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, Mapping) else {}


def _words(error: Mapping[str, Any]) -> str:
    """Collect the words that name the class of an error; what the model generated is not among them."""
    metadata, availability = error.get("metadata"), error.get("availability")
    parts = [error.get(name) for name in ("message", "type", "code", "status", "error_type")]
    if isinstance(metadata, Mapping):
        parts += [
            metadata.get("error_type"),
            metadata.get("raw"),
            "moderation" if metadata.get("reasons") else "",
        ]
    if isinstance(availability, Mapping):
        parts.append(availability.get("code"))
    for detail in _details(error):
        parts.append(detail.get("reason"))
        violations = detail.get("violations")
        if isinstance(violations, list):
            parts += [item.get("quotaId") for item in violations[:20] if isinstance(item, Mapping)]
    return " ".join(str(part)[:2000] for part in parts if isinstance(part, str | int)).casefold()


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = error.get("details")
    return [item for item in details[:20] if isinstance(item, Mapping)] if isinstance(details, list) else []


def _from_header(value: str) -> float | None:
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (in_utc(moment) - datetime.now(UTC)).total_seconds()


def _from_details(error: Mapping[str, Any]) -> float | None:
    for detail in _details(error):
        found = _DELAY.fullmatch(str(detail.get("retryDelay", "")))
        if found:
            return float(found.group(1))
    return None


def _from_message(error: Mapping[str, Any]) -> float | None:
    found = _TRY_AGAIN.search(str(error.get("message", ""))[:2000])
    if not found or not any(found.groups()):
        return None
    hours, minutes, number, unit = found.groups()
    seconds = float(number or 0) / (1000 if unit and unit.lower() == "ms" else 1)
    return float(hours or 0) * 3600 + float(minutes or 0) * 60 + seconds
