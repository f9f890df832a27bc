"""(h) How much a lesson takes over its slowest source and then its model call."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.figures import ModelSeconds, Spread
from bench.learner import Learner, Run, http_client
from bench.processes import app_host, model_provider
from bench.progress import say
from bench.results import Measurement, Row

SOURCE_SECONDS = 1.0
MODEL = ModelSeconds(plan=0.2, outline=0.2, lesson=4.0)
REPETITIONS = 3
LIMIT = 1.10
METHOD = (
    f"Two sources side by side: the shipped reference, and an encyclopedia that takes {SOURCE_SECONDS:g} s "
    f"for each request and finds nothing; then a model call of {MODEL.lesson:g} s. Judged: from the request "
    "until the document says completed, over the encyclopedia's requests and the model call one after the "
    "other. Every lesson is another one."
)


def measure() -> Measurement:
    """Run the measurement."""
    with model_provider(MODEL) as provider, _Encyclopedia() as slow:
        settings = {"RESEARCH_SOURCES": "pydoc,wikipedia", "RESEARCH__WIKIPEDIA__BASE_URL": slow.url}
        with app_host(provider, settings=settings) as host:
            found = asyncio.run(_measure(host.url, slow))
    rows = [
        Row(
            "lesson over its critical path",
            Spread.of([run.seconds / path for run, path in found]),
            "×",
            LIMIT,
        ),
        Row("  from asking to completed", Spread.of([run.seconds for run, _ in found]), "s"),
        Row("  its critical path", Spread.of([path for _, path in found]), "s"),
    ]
    return Measurement("A lesson over its critical path", METHOD, rows)


async def _measure(url: str, slow: _Encyclopedia) -> list[tuple[Run, float]]:
    """Return each lesson's run and its critical path in seconds."""
    async with http_client(url) as client:
        learner = Learner(client, "bench-slow-source")
        lessons = await learner.lesson_ids((await learner.create_roadmap("Python")).id)
        found = []
        for number, lesson_id in enumerate(lessons[: REPETITIONS + 1]):
            say(f"lesson {number} behind a slow source")
            before = slow.requests
            run = await learner.generate_lesson(lesson_id)
            found.append((run, (slow.requests - before) * SOURCE_SECONDS + MODEL.lesson))
        # The first one pays for what an app process imports and parses once.
        return found[1:]


class _Encyclopedia:
    """Wikipedia's search on a bad day: every request takes its time and finds nothing."""

    def __init__(self) -> None:
        self.requests = 0
        encyclopedia = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                encyclopedia.requests += 1
                time.sleep(SOURCE_SECONDS)
                body = json.dumps({"pages": []}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the benchmark's output readable."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> _Encyclopedia:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
