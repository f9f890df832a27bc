"""The providers' own error shapes, as they document them, and the class each belongs to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from shared.llm.chat import complete
from shared.llm.exchange import ChatFailure, ChatRequest, FailureKind, Message
from shared.llm.failures import MAX_DETAIL_CHARACTERS, MAX_WAIT_SECONDS, failure_of, retry_after_seconds
from shared.settings import ProviderSettings

REQUEST = ChatRequest((Message("user", "hello"),), "number", {"type": "object"}, 0.0, 10)


def gemini_limit(quota: str, delay: str) -> dict[str, Any]:
    return {
        "error": {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "You exceeded your current quota.",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
            ],
        }
    }


GROQ_DAY = (
    "Rate limit reached for model m on tokens per day (TPD): Limit 200000, Used 199052, Requested 1443. "
    "Please try again in 3m33.84s. Visit the console."
)
GROQ_MINUTE = "Rate limit reached on tokens per minute (TPM): Limit 8000. Please try again in 7.66s."
GROQ_TOO_LARGE = "Request too large for model m on tokens per minute (TPM): Limit 8000, Requested 9421"

SHAPES: dict[str, tuple[int, object, dict[str, str], dict[str, Any]]] = {
    "wrong key": (401, {"error": {"message": "Invalid API Key"}}, {}, {"kind": "auth"}),
    "key without rights": (403, {"error": {"message": "forbidden"}}, {}, {"kind": "auth"}),
    "gemini wrong key": (
        400,
        [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}],
        {},
        {"kind": "auth"},
    ),
    "openrouter moderation": (
        403,
        {
            "error": {
                "code": 403,
                "message": "Your input was rejected",
                "metadata": {"reasons": ["violence"], "flagged_input": "..."},
            }
        },
        {},
        {"kind": "refused"},
    ),
    "azure content filter": (
        400,
        {"error": {"code": "content_filter", "message": "The response was filtered"}},
        {},
        {"kind": "refused"},
    ),
    "no credit": (402, {"error": {"code": 402, "message": "Insufficient credits"}}, {}, {"kind": "payment"}),
    "openai no credit": (
        429,
        {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}},
        {},
        {"kind": "payment"},
    ),
    "openrouter model gone": (
        404,
        {
            "error": {
                "message": "This model is gone",
                "error_type": "not_found",
                "http_status": 404,
                "availability": {"code": "model_deprecated", "retryable": False, "fallback_models": ["y"]},
            }
        },
        {},
        {"kind": "model_gone"},
    ),
    "groq model gone": (
        400,
        {"error": {"message": "The model m has been decommissioned", "code": "model_decommissioned"}},
        {},
        {"kind": "model_gone"},
    ),
    "ollama model unknown": (
        404,
        {"error": {"message": 'model "m" not found', "type": "not_found_error"}},
        {},
        {"kind": "model_gone"},
    ),
    "openrouter limit": (
        429,
        {
            "error": {
                "code": 429,
                "message": "Rate limit exceeded",
                "metadata": {"error_type": "rate_limit_exceeded"},
            }
        },
        {},
        {"kind": "rate_limited", "per_day": False, "retry_after": None},
    ),
    "openrouter day": (
        429,
        {"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-day"}},
        {},
        {"kind": "rate_limited", "per_day": True},
    ),
    "retry-after in seconds": (
        429,
        {"error": {"message": "slow down"}},
        {"Retry-After": "17"},
        {"kind": "rate_limited", "retry_after": 17.0},
    ),
    "groq day": (
        429,
        {"error": {"message": GROQ_DAY, "type": "tokens", "code": "rate_limit_exceeded"}},
        {},
        {"kind": "rate_limited", "per_day": True, "retry_after": 213.84},
    ),
    "groq minute": (
        429,
        {"error": {"message": GROQ_MINUTE, "type": "tokens", "code": "rate_limit_exceeded"}},
        {"retry-after": "8"},
        {"kind": "rate_limited", "per_day": False, "retry_after": 8.0},
    ),
    "groq too large": (
        413,
        {"error": {"message": GROQ_TOO_LARGE, "type": "tokens", "code": "rate_limit_exceeded"}},
        {},
        {"kind": "too_large"},
    ),
    "groq bad json": (
        400,
        {
            "error": {
                "message": "Failed to generate JSON",
                "type": "invalid_request_error",
                "code": "json_validate_failed",
                "failed_generation": '{"a": 1,',
            }
        },
        {},
        {"kind": "bad_json", "failed_generation": '{"a": 1,'},
    ),
    "gemini day": (
        429,
        [gemini_limit("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "26s")],
        {},
        {"kind": "rate_limited", "per_day": True, "retry_after": 26.0},
    ),
    "gemini minute": (
        429,
        gemini_limit("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "26.5s"),
        {},
        {"kind": "rate_limited", "per_day": False, "retry_after": 26.5},
    ),
    "llama.cpp context": (
        400,
        {
            "error": {
                "code": 400,
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 13392,
                "n_ctx": 8192,
            }
        },
        {},
        {"kind": "context_overflow"},
    ),
    "openrouter context": (
        400,
        {"error": {"code": 400, "message": "This endpoint's maximum context length is 8192 tokens."}},
        {},
        {"kind": "context_overflow"},
    ),
    "plain 500": (500, "oops", {}, {"kind": "server"}),
    "503 with a time": (503, {"error": "busy"}, {"Retry-After": "3"}, {"kind": "server", "retry_after": 3.0}),
    "gateway": (504, None, {}, {"kind": "server"}),
    "request time-out": (408, None, {}, {"kind": "timeout"}),
    "other refusal": (422, {"error": {"message": "temperature must be below 2"}}, {}, {"kind": "rejected"}),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_each_shape_has_its_class(
    client: httpx.AsyncClient,
    httpserver: HTTPServer,
    settings_for: Callable[..., ProviderSettings],
    shape: str,
) -> None:
    status, body, headers, expected = SHAPES[shape]
    answer = httpserver.expect_request("/v1/chat/completions")
    if isinstance(body, dict | list):
        answer.respond_with_json(body, status=status, headers=headers)
    else:
        answer.respond_with_data(str(body), status=status, headers=headers)
    failure = await complete(client, settings_for(httpserver.url_for("/v1")), REQUEST)

    assert isinstance(failure, ChatFailure)
    assert failure.http_status == status
    assert {name: getattr(failure, name) for name in expected} == expected


def test_every_class_that_a_status_can_tell_has_a_shape() -> None:
    told_otherwise = {FailureKind.TRUNCATED, FailureKind.CONNECTION, FailureKind.MALFORMED}
    assert {case[3]["kind"] for case in SHAPES.values()} == set(FailureKind) - told_otherwise


def test_retry_after_as_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(minutes=2)
    seconds = retry_after_seconds({"retry-after": format_datetime(moment, usegmt=True)}, {})
    assert seconds is not None
    assert 100 < seconds <= 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("-5", None),
        ("soon", None),
        ("", None),
        ("999999999", MAX_WAIT_SECONDS),
        ("0.5", 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("1e400", None),
        ("NaN", None),
    ],
)
def test_odd_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": header}, {}) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("try again in 850ms", 0.85),
        ("try again in 2h", 7200.0),
        ("try again in 1h2m3s", 3723.0),
        ("try again in 4m", 240.0),
        ("try again in a while", None),
    ],
)
def test_times_in_words(text: str, seconds: float | None) -> None:
    assert retry_after_seconds({}, {"message": f"Please {text}."}) == seconds


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
error_fields = st.sampled_from(
    ["message", "code", "type", "details", "metadata", "availability", "failed_generation", "status"]
)


@given(
    status=st.integers(300, 599),
    body=st.one_of(
        json_values,
        st.fixed_dictionaries({"error": st.dictionaries(error_fields, json_values, max_size=6)}),
    ),
    headers=st.dictionaries(st.just("retry-after"), st.text(max_size=20)),
)
def test_any_error_body_becomes_a_failure(status: int, body: object, headers: dict[str, str]) -> None:
    failure = failure_of(status, headers, body)
    assert len(failure.detail) <= MAX_DETAIL_CHARACTERS
    assert "\n" not in failure.detail
    assert failure.retry_after is None or 0 <= failure.retry_after <= MAX_WAIT_SECONDS
