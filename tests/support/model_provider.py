"""A fake OpenAI-compatible model provider on a real socket, for tests and benchmarks.

In a test: `with ModelProvider() as provider: ... provider.base_url ... provider.calls()`.
As a process of its own: `python -m tests.support.model_provider --port 0 --plan-seconds 2 --modules 8`; its
first line of output is its base URL. Over HTTP it offers `GET /calls` (counts by step), `GET /requests`
(everything it was sent), `POST /script` (a rule, see `Rule`) and `DELETE /script` (forget rules, counts and
requests).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from aiohttp import web

from tests.support import model_answers
from tests.support.model_answers import STEPS, Asked

HANG_SECONDS = 3600.0


@dataclass(slots=True)
class Rule:
    """Answer otherwise than a good provider would.

    `step` is interpret, plan, outline, lesson, other or "" for any; `contains` must occur in the target (the
    goal, the subject, the module's title or the lesson's title); `times` is how often the rule applies (None:
    for ever).
    `answer` is

    - an HTTP status as text: "401", "402", "404", "413", "429", "500", "503", ...;
    - a failure in a provider's own words: "429-day", "context" (too many tokens), "bad-json" (400 with
      `content` as its `failed_generation`);
    - what a 200 may hold: "garbage", "invalid", "length", "thinking", "fenced", "refusal", "filtered",
      "html", "error-inside", "empty", "content" (the text in `content`);
    - "hang" (no answer), "drop" (the connection breaks).
    """

    answer: str
    step: str = ""
    contains: str = ""
    times: int | None = None
    content: str = ""
    retry_after: float | None = None

    def applies(self, asked: Asked) -> bool:
        """Tell whether this rule is meant for a request and not yet used up."""
        if self.times is not None and self.times <= 0:
            return False
        return self.step in ("", asked.step) and self.contains.casefold() in asked.target.casefold()


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    step: str
    target: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.time)
    """When it arrived, in epoch seconds."""


class ModelProvider:
    """The fake provider in a thread with an event loop of its own; a context manager."""

    def __init__(
        self,
        *,
        port: int = 0,
        plan_seconds: float = 0.0,
        outline_seconds: float = 0.0,
        lesson_seconds: float = 0.0,
        modules: int = 8,
        requests_per_minute: int | None = None,
    ) -> None:
        self._port = port
        self._seconds = {"plan": plan_seconds, "outline": outline_seconds, "lesson": lesson_seconds}
        self._modules = modules
        self._most = requests_per_minute
        self._rules: list[Rule] = []
        self._requests: list[Received] = []
        self._lock = threading.Lock()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="model-provider", daemon=True)

    def start(self) -> Self:
        """Listen, and return when requests are accepted."""
        self._thread.start()
        self._started.wait(timeout=30)
        if self._failure is not None:
            raise RuntimeError("the model provider did not start") from self._failure
        return self

    def stop(self) -> None:
        """Close the socket and all hanging requests."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The root, for /calls and /script."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What belongs into a provider's `base_url` setting."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[Received]:
        """Everything received so far, in order of arrival."""
        with self._lock:
            return list(self._requests)

    def calls(self) -> dict[str, int]:
        """Count the requests by step."""
        counted = Counter(received.step for received in self.requests)
        return {step: counted[step] for step in STEPS}

    def script(self, answer: str, **rule: Any) -> None:
        """Add a rule; the first that applies wins."""
        with self._lock:
            self._rules.append(Rule(answer=answer, **rule))

    def reset(self) -> None:
        """Forget rules and requests."""
        with self._lock:
            self._rules.clear()
            self._requests.clear()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits in start()
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_get("/calls", self._get_calls)
        app.router.add_get("/requests", self._get_requests)
        app.router.add_post("/script", self._post_script)
        app.router.add_delete("/script", self._delete_script)
        app.router.add_post("/{path:.*}", self._chat)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, backlog=512)
        await site.start()
        self._port = int(runner.addresses[0][1])
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        try:
            await self._stop.wait()
        finally:
            await runner.cleanup()

    async def _get_calls(self, _: web.Request) -> web.Response:
        return web.json_response(self.calls())

    async def _get_requests(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(received) for received in self.requests])

    async def _post_script(self, request: web.Request) -> web.Response:
        given = await request.json()
        known = {field.name for field in fields(Rule)}
        if not isinstance(given, dict) or not set(given) <= known or "answer" not in given:
            return web.json_response({"error": f"a rule is an object of {sorted(known)}"}, status=400)
        self.script(**given)
        return web.json_response({}, status=201)

    async def _delete_script(self, _: web.Request) -> web.Response:
        self.reset()
        return web.Response(status=204)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/chat/completions"):
            return _error(404, {"message": f"unknown path {request.path}", "type": "not_found_error"})
        body = await request.json()
        asked = model_answers.read_request(body)
        rule = self._record(request, body, asked)
        if self._most is not None and len(self._last_minute()) > self._most:
            return _error(429, {"code": 429, "message": "Rate limit exceeded"}, {"Retry-After": "5"})
        if rule is not None and rule.answer == "hang":
            await asyncio.sleep(HANG_SECONDS)
        if rule is not None and rule.answer == "drop":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if rule is not None and (failure := _failure(rule)) is not None:
            return failure
        await asyncio.sleep(self._seconds.get(asked.step, 0.0))
        return _completion(body, _content(asked, rule, self._modules), rule)

    def _last_minute(self) -> list[Received]:
        """Return what arrived in the last 60 s, refused requests included: providers count them too."""
        return [received for received in self.requests if received.at > time.time() - 60]

    def _record(self, request: web.Request, body: dict[str, Any], asked: Asked) -> Rule | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            self._requests.append(Received(asked.step, asked.target, request.path, headers, body))
            rule = next((rule for rule in self._rules if rule.applies(asked)), None)
            if rule is not None and rule.times is not None:
                rule.times -= 1
            return rule


def _error(status: int, error: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": error}, status=status, headers=headers)


def _failure(rule: Rule) -> web.Response | None:
    """Return the error response of a rule in the words of the providers, or None when it answers 200."""
    headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
    if rule.answer == "429-day":
        message = "Rate limit reached on tokens per day (TPD): Limit 200000. Please try again in 3m33.84s"
        return _error(429, {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}, headers)
    if rule.answer == "bad-json":
        error = {
            "message": "Failed to generate JSON",
            "type": "invalid_request_error",
            "code": "json_validate_failed",
            "failed_generation": rule.content,
        }
        return _error(400, error)
    if rule.answer == "context":
        return _error(
            400, {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 13392, "n_ctx": 8192}
        )
    if rule.answer.isdigit():
        status = int(rule.answer)
        return _error(status, {"code": status, "message": f"scripted {status}"}, headers)
    return None


def _content(asked: Asked, rule: Rule | None, modules: int) -> str:
    good = json.dumps(model_answers.answer(asked, modules), ensure_ascii=False)
    if rule is None:
        return good
    return {
        "content": rule.content,
        "garbage": "I am sorry, here is what I think about it: it is complicated.",
        "invalid": '{"unexpected": true}',
        "length": good[: len(good) // 2],
        "thinking": f"<think>Let me draft it: {{}} or {good[:40]}</think>\n{good}",
        "fenced": f"Here is the JSON:\n```json\n{good}\n```\nAnything else?",
        "filtered": "",
        "refusal": "",
        "empty": "",
    }.get(rule.answer, good)


def _completion(body: dict[str, Any], content: str, rule: Rule | None) -> web.Response:
    kind = "" if rule is None else rule.answer
    if kind == "html":
        return web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html")
    if kind == "error-inside":
        return web.json_response(
            {"id": None, "choices": None, "error": {"message": "Provider died", "code": 502}}
        )
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if kind == "refusal":
        message |= {"content": None, "refusal": "I can't help with that."}
    prompt_tokens = len(json.dumps(body["messages"])) // 4
    return web.json_response(
        {
            "id": "gen-1",
            "object": "chat.completion",
            "model": body.get("model", "fake"),
            "choices": [
                {
                    "index": 0,
                    "finish_reason": {"length": "length", "filtered": "content_filter"}.get(kind, "stop"),
                    "message": message,
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": len(content) // 4,
                "total_tokens": prompt_tokens + len(content) // 4,
            },
        }
    )


def main() -> None:
    """Run the provider until it is told to stop."""
    parser = argparse.ArgumentParser(description="A fake OpenAI-compatible model provider.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plan-seconds", type=float, default=0.0)
    parser.add_argument("--outline-seconds", type=float, default=0.0)
    parser.add_argument("--lesson-seconds", type=float, default=0.0)
    parser.add_argument("--modules", type=int, default=8)
    parser.add_argument("--requests-per-minute", type=int, help="answer 429 to more than so many in any 60 s")
    arguments = vars(parser.parse_args())
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)  # before the thread starts, which inherits it
    with ModelProvider(**arguments) as provider:
        print(provider.base_url, flush=True)
        signal.sigwait(stop_signals)


if __name__ == "__main__":
    main()
