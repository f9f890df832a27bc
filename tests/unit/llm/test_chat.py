"""One request, one typed outcome: what is sent, where it goes, and what every kind of reply becomes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from shared.llm.chat import MAX_REPLY_BYTES, complete, request_body
from shared.llm.exchange import ChatFailure, ChatReply, ChatRequest, FailureKind, Message
from shared.settings import ProviderSettings
from tests.unit.llm.conftest import KEY

Build = Callable[..., ProviderSettings]

PATH = "/v1/chat/completions"
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
REQUEST = ChatRequest(
    messages=(Message("system", "Be brief."), Message("user", "Say one.")),
    schema_name="number",
    schema=SCHEMA,
    temperature=0.2,
    max_tokens=100,
)


def completion(content: object = '{"a":1}', finish_reason: str = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    return {
        "id": "gen-1",
        "object": "chat.completion",
        "model": "upstream-model",
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": message}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500},
        **more,
    }


async def ask(
    client: httpx.AsyncClient, server: HTTPServer, settings_for: Build, **given: object
) -> ChatReply | ChatFailure:
    return await complete(client, settings_for(server.url_for("/v1"), **given), REQUEST)


async def test_request_carries_schema_key_and_bounds(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    httpserver.expect_request(PATH, method="POST").respond_with_json(completion())
    reply = await ask(client, httpserver, settings_for)

    assert isinstance(reply, ChatReply)
    request = httpserver.log[0][0]
    body = request.get_json()
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert body["model"] == "fake-model"
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Say one."},
    ]
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "number", "strict": True, "schema": SCHEMA},
    }
    assert (body["temperature"], body["max_tokens"]) == (0.2, 100)
    assert "provider" not in body


async def test_local_server_without_key_gets_no_authorization(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    httpserver.expect_request(PATH).respond_with_json(completion())
    await ask(client, httpserver, settings_for, api_key=None)
    assert "Authorization" not in httpserver.log[0][0].headers


def test_openrouter_must_not_pick_an_upstream_that_ignores_the_schema(settings_for: Build) -> None:
    body = request_body(settings_for("https://openrouter.ai/api/v1"), REQUEST)
    assert body["provider"] == {"require_parameters": True}
    assert "provider" not in request_body(settings_for("https://notopenrouter.ai/api/v1"), REQUEST)


async def test_reply_has_text_model_tokens_and_price_from_the_settings(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    httpserver.expect_request(PATH).respond_with_json(completion())
    reply = await ask(client, httpserver, settings_for)
    assert isinstance(reply, ChatReply)
    assert (reply.content, reply.model) == ('{"a":1}', "upstream-model")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (1000, 500)
    assert reply.cost_usd == pytest.approx(0.002)
    assert reply.seconds >= 0


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 4, "cost": 0.0001}, 0.0001),
        ({"prompt_tokens": 10, "completion_tokens": 4, "cost": "free"}, 18e-6),
        ({"prompt_tokens": 10, "completion_tokens": 4, "cost": -1}, 18e-6),
        ({"prompt_tokens": 10, "completion_tokens": 4, "cost": 10**400}, 18e-6),
        ({"prompt_tokens": -5, "completion_tokens": True}, 0.0),
        (None, 0.0),
        ([1], 0.0),
    ],
)
async def test_cost_is_the_providers_own_where_it_is_a_sound_number(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build, usage: object, cost: float
) -> None:
    httpserver.expect_request(PATH).respond_with_json(completion(usage=usage))
    reply = await ask(client, httpserver, settings_for)
    assert isinstance(reply, ChatReply)
    assert reply.cost_usd == pytest.approx(cost)


async def test_content_in_parts_and_half_a_surrogate_pair_is_readable(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    parts = [{"type": "text", "text": '{"a":'}, {"type": "text", "text": '"\ud83d"}'}]
    httpserver.expect_request(PATH).respond_with_json(completion(content=parts))
    reply = await ask(client, httpserver, settings_for)
    assert isinstance(reply, ChatReply)
    assert reply.content == '{"a":"\ufffd"}'
    assert reply.content.encode("utf-8")


INSIDE_200: list[tuple[str, object, FailureKind]] = [
    ("length is never whole", completion(finish_reason="length"), FailureKind.TRUNCATED),
    ("content filter", completion(finish_reason="content_filter", content=""), FailureKind.REFUSED),
    ("refusal", completion(content=None, message={"refusal": "I can't."}), FailureKind.REFUSED),
    ("broke off", completion(finish_reason="error"), FailureKind.SERVER),
    ("empty", completion(content=""), FailureKind.MALFORMED),
    ("tool call", completion(content=None, finish_reason="tool_calls"), FailureKind.MALFORMED),
    ("no choices", {"id": "x", "choices": []}, FailureKind.MALFORMED),
    ("choices of another kind", {"choices": {"0": 1}}, FailureKind.MALFORMED),
    ("null", None, FailureKind.MALFORMED),
    ("a list", [1, 2], FailureKind.MALFORMED),
    (
        "error instead of choices",
        {"id": None, "choices": None, "error": {"message": "No endpoints found", "code": 400}},
        FailureKind.REJECTED,
    ),
    (
        "error in the choice",
        {
            "choices": [
                {
                    "message": {"content": "partial"},
                    "finish_reason": "error",
                    "error": {"code": 502, "message": "Provider disconnected"},
                }
            ]
        },
        FailureKind.SERVER,
    ),
    (
        "rate limit inside",
        {"choices": None, "error": {"code": 429, "message": "Rate limit exceeded"}},
        FailureKind.RATE_LIMITED,
    ),
]


@pytest.mark.parametrize(("body", "kind"), [case[1:] for case in INSIDE_200], ids=[c[0] for c in INSIDE_200])
async def test_failures_inside_a_200(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build, body: object, kind: FailureKind
) -> None:
    httpserver.expect_request(PATH).respond_with_data(json.dumps(body), content_type="application/json")
    failure = await ask(client, httpserver, settings_for)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is kind


async def test_a_truncated_answer_still_has_its_price(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    httpserver.expect_request(PATH).respond_with_json(completion(finish_reason="length"))
    failure = await ask(client, httpserver, settings_for)
    assert isinstance(failure, ChatFailure)
    assert failure.cost_usd == pytest.approx(0.002)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>502 Bad Gateway</body></html>",
        b"",
        b'{"choices": [{"mess',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe\x00",
    ],
    ids=["html", "nothing", "cut off", "nested lists", "nested objects", "not text"],
)
async def test_what_is_not_a_completion_is_malformed(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build, body: bytes
) -> None:
    httpserver.expect_request(PATH).respond_with_data(body, content_type="text/html")
    failure = await ask(client, httpserver, settings_for)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.MALFORMED


async def test_a_reply_over_the_size_limit_is_not_read_to_its_end(
    client: httpx.AsyncClient, settings_for: Build
) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(10_000):
                writer.write(b" " * 65_536)
                await writer.drain()
                sent += 65_536
        writer.close()

    async with _listening(flood) as base_url:
        failure = await complete(client, settings_for(base_url), REQUEST)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.MALFORMED
    assert str(MAX_REPLY_BYTES) in failure.detail
    assert sent < 10_000 * 65_536


async def test_a_compressed_reply_is_refused_unread(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    bomb = gzip.compress(b" " * 5_000_000)
    httpserver.expect_request(PATH).respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    failure = await ask(client, httpserver, settings_for)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.MALFORMED
    assert httpserver.log[0][0].headers["Accept-Encoding"] == "identity"


async def test_the_deadline_is_total_even_when_bytes_keep_coming(
    client: httpx.AsyncClient, settings_for: Build
) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

    started = time.monotonic()
    async with _listening(drip) as base_url:
        failure = await complete(client, settings_for(base_url, timeout_seconds=0.5), REQUEST)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.TIMEOUT
    assert time.monotonic() - started < 15


async def test_the_callers_deadline_can_be_shorter(client: httpx.AsyncClient, settings_for: Build) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readexactly(1_000_000)

    async with _listening(silent) as base_url:
        failure = await complete(client, settings_for(base_url), REQUEST, timeout_seconds=0.3)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.TIMEOUT
    assert "0.3 s" in failure.detail


async def test_nobody_listening_is_a_connection_failure(
    client: httpx.AsyncClient, settings_for: Build
) -> None:
    async def nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with _listening(nothing) as base_url:
        pass
    failure = await complete(client, settings_for(base_url), REQUEST)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.CONNECTION


async def test_a_broken_connection_is_the_servers_failure(
    client: httpx.AsyncClient, settings_for: Build
) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with _listening(drop) as base_url:
        failure = await complete(client, settings_for(base_url), REQUEST)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.SERVER


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_key_never_follows_a_redirect(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build, status: int
) -> None:
    with HTTPServer(host="127.0.0.1", port=0) as elsewhere:
        elsewhere.expect_request("/steal").respond_with_json(completion())
        headers = {"Location": elsewhere.url_for("/steal")}
        httpserver.expect_request(PATH).respond_with_data("", status=status, headers=headers)
        client.follow_redirects = True  # whoever made the client
        failure = await ask(client, httpserver, settings_for)
        assert isinstance(failure, ChatFailure)
        assert failure.kind is FailureKind.MALFORMED
        assert elsewhere.log == []


async def test_each_key_goes_only_to_its_own_provider(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    with HTTPServer(host="127.0.0.1", port=0) as other:
        for server in (httpserver, other):
            server.expect_request(PATH).respond_with_json(completion())
        await complete(client, settings_for(httpserver.url_for("/v1"), api_key="key-of-first"), REQUEST)
        await complete(client, settings_for(other.url_for("/v1"), api_key="key-of-other"), REQUEST)
        received = [_everything(server.log[0][0]) for server in (httpserver, other)]
    assert "key-of-first" in received[0]
    assert "key-of-other" not in received[0]
    assert "key-of-other" in received[1]
    assert "key-of-first" not in received[1]


async def test_a_client_with_proxies_from_the_environment_is_refused(
    httpserver: HTTPServer, settings_for: Build
) -> None:
    async with httpx.AsyncClient() as trusting:
        with pytest.raises(ValueError, match="trust_env"):
            await ask(trusting, httpserver, settings_for)
    assert httpserver.log == []


async def test_proxies_of_the_environment_see_nothing(
    httpserver: HTTPServer, settings_for: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HTTPServer(host="127.0.0.1", port=0) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url_for("/"))
        httpserver.expect_request(PATH).respond_with_json(completion())
        async with httpx.AsyncClient(trust_env=False) as client:
            assert isinstance(await ask(client, httpserver, settings_for), ChatReply)
        assert proxy.log == []


async def test_an_error_text_that_echoes_the_key_does_not_keep_it(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build
) -> None:
    def echo(request: Request) -> Response:
        error = {
            "message": f"Invalid credentials: {request.headers['Authorization']}",
            "code": "json_validate_failed",
            "failed_generation": f"the key is {KEY}",
        }
        return Response(json.dumps({"error": error}), 400, content_type="application/json")

    httpserver.expect_request(PATH).respond_with_handler(echo)
    failure = await ask(client, httpserver, settings_for)
    assert isinstance(failure, ChatFailure)
    assert "Invalid credentials" in failure.detail
    assert KEY not in failure.model_dump_json()


@pytest.mark.parametrize("key", ["line\nbreak-secret", "schlüssel-secret", "tab\tsecret"])
async def test_a_key_that_no_header_can_carry_is_reported_without_showing_it(
    client: httpx.AsyncClient, httpserver: HTTPServer, settings_for: Build, key: str
) -> None:
    failure = await ask(client, httpserver, settings_for, api_key=key)
    assert isinstance(failure, ChatFailure)
    assert failure.kind is FailureKind.AUTH
    assert "secret" not in failure.model_dump_json()
    assert httpserver.log == []


def _everything(request: Request) -> str:
    return f"{request.url} {request.headers} {request.get_data(as_text=True)}"


@contextlib.asynccontextmanager
async def _listening(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any],
) -> AsyncIterator[str]:
    """Serve raw connections for as long as the block runs."""
    running: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handle(reader, writer)
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()
