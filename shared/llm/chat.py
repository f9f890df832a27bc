"""The chat adapter: one request to one OpenAI-compatible provider, one typed outcome.

It never retries, follows no redirect (the key would travel along), reads a bounded number of bytes and
gives up at a total deadline. An exception means a defect of the caller, never a fault of the provider.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.llm.chain import estimate_cost_usd
from shared.llm.exchange import ChatFailure, ChatReply, ChatRequest, FailureKind, Usage
from shared.llm.failures import failure_of, one_line
from shared.settings import ProviderSettings

if TYPE_CHECKING:
    import httpx

MAX_REPLY_BYTES = 512 * 1024
"""Far above any lesson, and small enough that the reply, escaped once more, fits a document of 2 MB."""

MAX_COUNTED_TOKENS = 1_000_000_000


async def complete(
    client: httpx.AsyncClient,
    provider: ProviderSettings,
    request: ChatRequest,
    *,
    timeout_seconds: float | None = None,
) -> ChatReply | ChatFailure:
    """Ask a provider once; the call ends after its time-out, or after `timeout_seconds` if that is sooner.

    Raises ValueError for a client that reads proxies or passwords from the environment.
    """
    if client.trust_env:
        raise ValueError("the HTTP client must be created with trust_env=False")
    started = time.monotonic()
    limit = (
        provider.timeout_seconds
        if timeout_seconds is None
        else min(provider.timeout_seconds, timeout_seconds)
    )
    outcome = await _bounded(client, provider, request, limit)
    if isinstance(outcome, ChatFailure):
        outcome = outcome.model_copy(
            update={
                "detail": one_line(_without_key(provider, outcome.detail)),
                "failed_generation": _without_key(provider, outcome.failed_generation),
            }
        )
    return outcome.model_copy(update={"seconds": round(time.monotonic() - started, 3)})


def request_body(provider: ProviderSettings, request: ChatRequest) -> dict[str, Any]:
    """Return the JSON body of a request, its schema included."""
    body: dict[str, Any] = {
        "model": provider.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": request.schema_name, "strict": True, "schema": request.schema},
        },
    }
    if _is_openrouter(provider):
        # Otherwise OpenRouter may pick an upstream that silently ignores response_format.
        body["provider"] = {"require_parameters": True}
    return body


async def _bounded(
    client: httpx.AsyncClient, provider: ProviderSettings, request: ChatRequest, limit: float
) -> ChatReply | ChatFailure:
    import httpx

    try:
        async with asyncio.timeout(limit):
            return await _exchange(client, provider, request, limit)
    except (TimeoutError, httpx.TimeoutException):
        return ChatFailure(kind=FailureKind.TIMEOUT, detail=f"no whole answer within {limit:g} s")
    except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        # Only the kind of error: its text may quote the request, and with it the key.
        return ChatFailure(kind=FailureKind.CONNECTION, detail=f"not reachable ({type(error).__name__})")
    except httpx.HTTPError as error:
        return ChatFailure(kind=FailureKind.SERVER, detail=f"broke off ({type(error).__name__})")


async def _exchange(
    client: httpx.AsyncClient, provider: ProviderSettings, request: ChatRequest, limit: float
) -> ChatReply | ChatFailure:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if provider.api_key is not None:
        key = provider.api_key.get_secret_value()
        if not (key.isascii() and key.isprintable()):
            return ChatFailure(
                kind=FailureKind.AUTH, detail="the key holds characters that no header can carry"
            )
        headers["Authorization"] = f"Bearer {key}"
    async with client.stream(
        "POST",
        f"{provider.base_url.rstrip('/')}/chat/completions",
        json=request_body(provider, request),
        headers=headers,
        follow_redirects=False,
        timeout=limit,
    ) as response:
        body = await _read(response)
        if body is None:
            detail = f"HTTP {response.status_code}: longer than {MAX_REPLY_BYTES} bytes, or compressed"
            return ChatFailure(kind=FailureKind.MALFORMED, detail=detail, http_status=response.status_code)
        data = _decoded(body)
        if not response.is_success:
            return failure_of(response.status_code, response.headers, data)
        return read_completion(provider, data)


async def _read(response: httpx.Response) -> bytes | None:
    """Return the body, or None when it is too long or was compressed against our wish (a bomb, perhaps)."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        return None
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > MAX_REPLY_BYTES:
            return None
    return bytes(received)


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return None


def read_completion(provider: ProviderSettings, data: object) -> ChatReply | ChatFailure:
    """Turn the decoded body of a 200 into a reply, or into what it really is: errors come inside 200s too."""
    if not isinstance(data, Mapping):
        return ChatFailure(
            kind=FailureKind.MALFORMED, detail="the reply is not a JSON object", http_status=200
        )
    usage, cost_usd = _usage(provider, data.get("usage"))
    failure = _failure_inside(data)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    failure = failure or _failure_inside(choice)
    content = ""
    if failure is None:
        message = choice.get("message")
        content = _text(message.get("content")) if isinstance(message, Mapping) else ""
        failure = _unusable(choice, content)
    if failure is not None:
        return failure.model_copy(update={"usage": usage, "cost_usd": cost_usd})
    model = data.get("model")
    return ChatReply(
        content=content,
        model=model[:200] if isinstance(model, str) and model else provider.model,
        usage=usage,
        cost_usd=cost_usd,
    )


def _failure_inside(holder: Mapping[str, Any]) -> ChatFailure | None:
    error = holder.get("error")
    if not error:
        return None
    code = error.get("code") if isinstance(error, Mapping) else None
    status = code if isinstance(code, int) and 400 <= code <= 599 else 502
    return failure_of(status, {}, holder)


def _unusable(choice: Mapping[str, Any], content: str) -> ChatFailure | None:
    """Say why a choice is not a whole answer, or None when it is one."""
    message = choice.get("message")
    refusal = message.get("refusal") if isinstance(message, Mapping) else None
    reason = choice.get("finish_reason")
    if refusal or reason == "content_filter":
        return ChatFailure(
            kind=FailureKind.REFUSED, detail="the model declined" if refusal else "filtered", http_status=200
        )
    if reason == "length":
        return ChatFailure(
            kind=FailureKind.TRUNCATED, detail="the answer stopped at its length limit", http_status=200
        )
    if reason == "error":
        return ChatFailure(kind=FailureKind.SERVER, detail="the provider broke off", http_status=200)
    if not content.strip():
        return ChatFailure(kind=FailureKind.MALFORMED, detail="the answer is empty", http_status=200)
    return None


def _text(content: object) -> str:
    """Return the text of a message, given as a string or as a list of parts."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        return ""
    # JSON can spell half a surrogate pair, which no store and no reader can hold.
    return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _usage(provider: ProviderSettings, given: object) -> tuple[Usage, float]:
    """Return the tokens and the price in USD: the provider's own `cost`, else its settings' prices."""
    counted = given if isinstance(given, Mapping) else {}
    usage = Usage(
        prompt_tokens=_count(counted.get("prompt_tokens")),
        completion_tokens=_count(counted.get("completion_tokens")),
    )
    cost = counted.get("cost")
    # An integer has no bound by itself, and may fit no float.
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost <= sys.float_info.max:
        return usage, float(cost)
    return usage, estimate_cost_usd(provider, usage.prompt_tokens, usage.completion_tokens)


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, 0), MAX_COUNTED_TOKENS)
    return 0


def _without_key(provider: ProviderSettings, text: str) -> str:
    key = provider.api_key.get_secret_value() if provider.api_key is not None else ""
    return text.replace(key, "[key]") if key else text


def _is_openrouter(provider: ProviderSettings) -> bool:
    host = urlsplit(provider.base_url).hostname or ""
    return host == "openrouter.ai" or host.endswith(".openrouter.ai")
