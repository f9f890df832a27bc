"""Fakes of every API that research asks, on one real socket, with faults on demand.

In a test: `async with SourceServers() as servers: ... servers.origin ... servers.faults["github"] = ...`.
As a process of its own: `python -m tests.support.source_servers --port 0`; its first line of output is its
origin. `settings_of(origin)` returns the app's settings for it. Over HTTP: `GET /requests`, `PUT /faults`
(a JSON object of source -> fault; `*` is every source).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import json
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, Self
from xml.sax.saxutils import escape

import httpx
from aiohttp import web

from tests.support.local_host import ROOT
from tests.support.source_pages import CAPTIONS, HOSTILE, LOOPS, README, whole_page

LONGEST_HANG_SECONDS = 15.0
# Tags that the fakes know.
_SUBJECTS = ("go", "python")
VIDEO_ID = "abcdefghijk"
# No machine of ours: nothing may ever connect there.
PRIVATE_ADDRESS = "http://169.254.169.254/latest/meta-data/"


class Fault(StrEnum):
    """What is wrong with a source's answers."""

    NONE = ""
    LIMITED = "429"
    LIMITED_WITH_TIME = "429-retry-after"
    BROKEN = "500"
    HANG = "hang"
    DROP = "drop"
    WRONG_TYPE = "wrong-type"
    GARBAGE = "garbage"
    WRONG_SHAPE = "wrong-shape"
    TRUNCATED = "truncated"
    HUGE = "huge"
    BOMB = "bomb"
    REDIRECT_PRIVATE = "redirect-private"
    REDIRECT_CIRCLE = "redirect-circle"
    # What single APIs know.
    SECONDARY_LIMIT = "secondary-limit"
    LAST_ALLOWED = "last-allowed"
    THROTTLE_VIOLATION = "throttle-violation"
    BACKOFF = "backoff"
    LAST_OF_QUOTA = "last-of-quota"
    QUOTA_EXCEEDED = "quota-exceeded"
    CAPTIONS_BLOCKED = "captions-blocked"
    NO_CAPTIONS = "no-captions"
    NOTHING_FOUND = "nothing-found"


# Faults that a source's own handler plays.
_PLAYED_BY_HANDLERS = frozenset(
    {
        Fault.NONE,
        Fault.LAST_ALLOWED,
        Fault.BACKOFF,
        Fault.LAST_OF_QUOTA,
        Fault.CAPTIONS_BLOCKED,
        Fault.NO_CAPTIONS,
        Fault.NOTHING_FOUND,
    }
)


def settings_of(origin: str) -> dict[str, str]:
    """Return the settings of the app that make it ask these fakes for everything but Wikipedia."""
    sites = {
        "Go": [f"{origin}/docs/llms/"],
        "Python": [f"{origin}/docs/llms/"],
        "Sphinx": [f"{origin}/docs/sphinx/"],
        "Mapped": [f"{origin}/docs/maps/"],
        "JavaScript": [f"{origin}/mdn/en-US/docs/Web/JavaScript/"],
    }
    return {
        "RESEARCH_ALLOW_PRIVATE": "true",
        "DOCS_SITES": json.dumps(sites),
        "RESEARCH__DOCS__BASE_URL": f"{origin}/mdn",
        "RESEARCH__STACKOVERFLOW__BASE_URL": f"{origin}/stackoverflow",
        "RESEARCH__GITHUB__BASE_URL": f"{origin}/github",
        "RESEARCH__DEVTO__BASE_URL": f"{origin}/devto",
        "RESEARCH__YOUTUBE__BASE_URL": f"{origin}/youtube/v3",
        "RESEARCH__YOUTUBE__API_KEY": "a-key",
    }


@contextmanager
def in_own_process() -> Iterator[str]:
    """Run the fakes beside the test; gives their origin."""
    command = [sys.executable, "-m", "tests.support.source_servers"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as fakes:
        try:
            assert fakes.stdout is not None
            yield fakes.stdout.readline().strip()
        finally:
            fakes.terminate()
    assert fakes.returncode == 0


def set_faults(origin: str, **faults: str) -> None:
    """Say what is wrong with the answers of sources, or of `everything`; over HTTP, from another process."""
    with httpx.Client(trust_env=False, timeout=10) as http:
        named = {"*" if name == "everything" else name: value for name, value in faults.items()}
        assert http.put(f"{origin}/faults", json=named).status_code == 200


def _source_of(path: str) -> str:
    first = path.split("/")[1]
    captions = first in ("watch", "youtubei") or path.startswith("/api/timedtext")
    return "captions" if captions else {"mdn": "docs"}.get(first, first)


class SourceServers:
    """Serves all fakes until it is closed; `requests` holds (source, path and query, headers)."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._closed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.origin = ""

    async def __aenter__(self) -> Self:
        await self.start(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self, port: int) -> None:
        app = web.Application(middlewares=[self._faulty])
        app.add_routes(
            [
                web.get("/requests", self._list_requests),
                web.put("/faults", self._set_faults),
                web.get("/stackoverflow/search/advanced", self._questions),
                web.get("/stackoverflow/questions/{ids}/answers", self._answers),
                web.get("/github/search/repositories", self._repositories),
                web.get("/github/repos/{owner}/{name}/readme", self._readme),
                web.get("/devto/articles", self._articles),
                web.get("/devto/articles/{id}", self._article),
                web.get("/youtube/v3/search", self._videos_found),
                web.get("/youtube/v3/videos", self._videos),
                web.get("/watch", self._watch),
                web.post("/youtubei/v1/player", self._player),
                web.get("/api/timedtext", self._captions),
                web.get("/mdn/api/v1/search", self._mdn),
                web.get("/mdn/{page:.+}", self._page),
                web.get("/docs/llms/llms.txt", self._llms),
                web.get("/docs/sphinx/objects.inv", self._inventory),
                web.get("/docs/maps/sitemap.xml", self._sitemap),
                web.get("/docs/maps/second.xml", self._second_sitemap),
                web.get("/docs/{page:(?:llms|sphinx|maps)/(?!llms|objects|sitemap).+}", self._page),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        self._closed.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def asked(self, source: str) -> list[str]:
        """Return the paths that a source was asked for."""
        return [path for name, path, _ in self.requests if name == source]

    def fault(self, source: str) -> Fault:
        return self.faults.get(source, self.faults.get("*", Fault.NONE))

    # ------------------------------------------------------------------ faults

    @web.middleware
    async def _faulty(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        source = _source_of(request.path)
        if source in ("requests", "faults"):
            return await handler(request)
        self.requests.append((source, request.path_qs, dict(request.headers)))
        fault = self.fault(source)
        if fault in _PLAYED_BY_HANDLERS:
            return await handler(request)
        if fault in _STATUSES:
            status, body, headers = _STATUSES[fault]
            return web.json_response(body, status=status, headers=headers)
        if fault is Fault.HANG:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), LONGEST_HANG_SECONDS)
            return web.json_response({})
        if fault in (Fault.DROP, Fault.TRUNCATED):
            return await self._cut_off(request, fault)
        return self._odd(request, fault)

    async def _cut_off(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """Close the connection, for TRUNCATED after a part of the promised body."""
        transport = request.transport
        assert transport is not None
        if fault is Fault.TRUNCATED:
            transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                b'{"items": [{"'
            )
            await asyncio.sleep(0)
        transport.close()
        return web.Response()

    def _odd(self, request: web.Request, fault: Fault) -> web.Response:
        page = request.path.startswith(("/docs/", "/mdn/")) and "search" not in request.path
        content_type = "text/html" if page else "application/json"
        if fault is Fault.WRONG_TYPE:
            return web.Response(body=b"%PDF-1.7", content_type="application/pdf")
        if fault is Fault.GARBAGE:
            return web.Response(body=b'\xff\xfe{"items": [{"\x00', content_type=content_type)
        if fault is Fault.WRONG_SHAPE:
            return web.json_response({"items": "none of your business", "documents": 7, "encoding": []})
        if fault is Fault.HUGE:
            return web.Response(body=b'{"filler": "' + b"x" * 6_000_000, content_type=content_type)
        if fault is Fault.BOMB:
            bomb = gzip.compress(b"[" * 40_000_000)
            return web.Response(body=bomb, content_type=content_type, headers={"Content-Encoding": "gzip"})
        target = PRIVATE_ADDRESS if fault is Fault.REDIRECT_PRIVATE else request.path_qs
        return web.Response(status=302, headers={"Location": target})

    async def _list_requests(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(
            [{"source": name, "path": path, "headers": headers} for name, path, headers in self.requests]
        )

    async def _set_faults(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.faults = {name: Fault(value) for name, value in wanted.items()}
        return web.json_response(self.faults)

    # ------------------------------------------------------------------ Stack Overflow

    async def _questions(self, request: web.Request) -> web.Response:
        tag = request.query.get("tagged", "")
        found = [
            {"question_id": 11, "title": "How does a for loop work in Go? &lt;basics&gt;", "score": 40},
            {"question_id": 12, "title": "Unpopular for loop question", "score": -2},
            {"question_id": 13, "title": "Is there a while loop?", "score": 9},
        ]
        items = found if tag in _SUBJECTS and self.fault("stackoverflow") is not Fault.NOTHING_FOUND else []
        return self._stack_exchange(items)

    async def _answers(self, request: web.Request) -> web.Response:
        ids = [int(one) for one in request.match_info["ids"].split(";")]
        body = HOSTILE.replace("<h1>For loops in Go</h1>", "")
        items = [
            {
                "question_id": number,
                "answer_id": number * 100 + score,
                "score": score,
                "is_accepted": score == 5,
                "body": body if score == 8 else "<p>A worse answer about the loop, which is short.</p>",
                "owner": {"display_name": "Ann &amp; Bob"},
                "content_license": "CC BY-SA 3.0",
                "link": "https://evil.example/answer",
            }
            for number in ids
            for score in (3, 8)
        ]
        return self._stack_exchange(items)

    def _stack_exchange(self, items: list[dict[str, Any]]) -> web.Response:
        answer: dict[str, Any] = {"items": items, "has_more": False, "quota_max": 300, "quota_remaining": 299}
        if self.fault("stackoverflow") is Fault.LAST_OF_QUOTA:
            answer["quota_remaining"] = 0
        if self.fault("stackoverflow") is Fault.BACKOFF:
            answer["backoff"] = 30
        # The real API compresses whatever is asked of it.
        return web.Response(
            body=gzip.compress(json.dumps(answer).encode()),
            content_type="application/json",
            headers={"Content-Encoding": "gzip"},
        )

    # ------------------------------------------------------------------ GitHub

    async def _repositories(self, request: web.Request) -> web.Response:
        del request
        fault = self.fault("github")
        items = [
            {"full_name": "gopher/by-example", "description": "Go by example: for loops", "archived": False,
             "stargazers_count": 900, "license": {"spdx_id": "MIT"}, "html_url": "https://evil.example/"},
            {"full_name": "old/archive", "description": "Go loops", "archived": True, "license": None},
            {"full_name": "closed/loops", "description": "Loops", "archived": False, "stargazers_count": 80,
             "license": {"spdx_id": "NOASSERTION"}},
            {"full_name": "empty/nothing", "description": None, "archived": False, "license": None},
        ]  # fmt: skip
        body = {"total_count": 4, "items": [] if fault is Fault.NOTHING_FOUND else items}
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
        return web.json_response(body, headers=headers if fault is Fault.LAST_ALLOWED else {})

    async def _readme(self, request: web.Request) -> web.Response:
        if request.match_info["owner"] == "empty":
            return web.json_response({"message": "Not Found"}, status=404)
        text = README if request.match_info["owner"] == "gopher" else "A loop collection, closed to others."
        content = base64.encodebytes(text.encode()).decode()
        return web.json_response({"encoding": "base64", "content": content})

    # ------------------------------------------------------------------ Dev.to

    async def _articles(self, request: web.Request) -> web.Response:
        found = [
            {"id": 1, "title": "For loops for humans", "public_reactions_count": 12},
            {"id": 2, "title": "My keyboard", "public_reactions_count": 500},
        ]
        wanted = request.query.get("tag") in _SUBJECTS and self.fault("devto") is not Fault.NOTHING_FOUND
        return web.json_response(found if wanted else [])

    async def _article(self, request: web.Request) -> web.Response:
        user = {"name": "Ann Example", "username": "ann"}
        number = int(request.match_info["id"])
        return web.json_response(
            {
                "id": number,
                "title": "For loops for humans",
                "slug": "for-loops-for-humans-1a2b",
                "url": "https://evil.example/",
                "user": user,
                "body_html": HOSTILE,
            }
        )

    # ------------------------------------------------------------------ YouTube

    async def _videos_found(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Goog-Api-Key") != "a-key" or "key" in request.query:
            return web.json_response({"error": {"code": 403, "message": "no key"}}, status=403)
        none = self.fault("youtube") is Fault.NOTHING_FOUND
        items = [{"id": {"videoId": one}} for one in (VIDEO_ID, "shorttttttt")]
        return web.json_response({"items": [] if none else items})

    async def _videos(self, request: web.Request) -> web.Response:
        del request
        description = "All about the for loop in the Go programming language.\n[free](https://evil.example/)"
        items = [
            {
                "id": identifier,
                "snippet": {
                    "title": "For loop &amp; more in Go",
                    "channelTitle": "Gopher School",
                    "description": description,
                    "liveBroadcastContent": "none",
                },
                "contentDetails": {"duration": duration},
                "status": {"license": "creativeCommon"},
            }
            for identifier, duration in ((VIDEO_ID, "PT4M10S"), ("shorttttttt", "PT15S"))
        ]
        return web.json_response({"items": items})

    async def _watch(self, request: web.Request) -> web.Response:
        del request
        if self.fault("captions") is Fault.CAPTIONS_BLOCKED:
            return web.Response(text='<form action="https://consent"><div class="g-recaptcha"></div></form>',
                                content_type="text/html")  # fmt: skip
        return web.Response(text='<script>"INNERTUBE_API_KEY": "abc"</script>', content_type="text/html")

    async def _player(self, request: web.Request) -> web.Response:
        del request
        tracks = [
            {
                "baseUrl": f"https://www.youtube.com/api/timedtext?v={VIDEO_ID}&lang=en",
                "name": {"runs": [{"text": "English"}]},
                "languageCode": "en",
                "isTranslatable": False,
            }
        ]
        playable: dict[str, Any] = {"playabilityStatus": {"status": "OK"}}
        if self.fault("captions") is not Fault.NO_CAPTIONS:
            playable["captions"] = {"playerCaptionsTracklistRenderer": {"captionTracks": tracks}}
        return web.json_response(playable)

    async def _captions(self, request: web.Request) -> web.Response:
        del request
        lines = [f'<text start="{start}" dur="4">{escape(text)}</text>' for start, text in CAPTIONS]
        return web.Response(text=f"<transcript>{''.join(lines)}</transcript>", content_type="text/xml")

    # ------------------------------------------------------------------ documentation sites

    async def _mdn(self, request: web.Request) -> web.Response:
        del request
        documents = [
            {"mdn_url": "/en-US/docs/Web/JavaScript/Reference/Statements/for", "title": "for"},
            {"mdn_url": "/en-US/docs/Web/CSS/float", "title": "float"},
        ]
        return web.json_response({"documents": documents})

    async def _llms(self, request: web.Request) -> web.Response:
        del request
        names = ("functions", "slices", "maps", "methods", "errors")
        lines = [f"- [{name.title()}]({self.origin}/docs/llms/{name}.html): about {name}" for name in names]
        text = "\n".join(
            [
                "# Go",
                "> The documentation",
                "- [For loops](for-loops.html): the three parts of a loop",
                "- [Evil for loops](https://evil.example/for-loops): a loop elsewhere",
                "- [Metadata loop](http://169.254.169.254/for-loops): a loop in the cloud",
                *lines,
            ]
        )
        return web.Response(text=text, content_type="text/plain")

    async def _inventory(self, request: web.Request) -> web.Response:
        del request
        lines = ["for-loops std:label -1 loops.html#for-loops For loops", "loops std:doc -1 loops.html Loops"]
        lines += [f"page{number} std:doc -1 page{number}.html Page {number}" for number in range(6)]
        head = b"# Sphinx inventory version 2\n# Project: Sphinx\n# Version: 1\n# zlib\n"
        body = head + zlib.compress("\n".join(lines).encode())
        return web.Response(body=body, content_type="application/octet-stream")

    async def _sitemap(self, request: web.Request) -> web.Response:
        del request
        entry = f"<sitemap><loc>{self.origin}/docs/maps/second.xml</loc></sitemap>"
        return web.Response(text=f"<sitemapindex>{entry}</sitemapindex>", content_type="application/xml")

    async def _second_sitemap(self, request: web.Request) -> web.Response:
        del request
        names = ["for-loops", *(f"page-{number}" for number in range(6))]
        places = "".join(f"<url><loc>{self.origin}/docs/maps/{name}</loc></url>" for name in names)
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return web.Response(text=f'<urlset xmlns="{space}">{places}</urlset>', content_type="text/xml")

    async def _page(self, request: web.Request) -> web.Response:
        if not re.search(r"loop|/for$", request.path):
            return web.Response(status=404)
        body = HOSTILE if "llms" in request.path else LOOPS
        return web.Response(text=whole_page(body), content_type="text/html")


_STATUSES: dict[Fault, tuple[int, dict[str, Any], dict[str, str]]] = {
    Fault.LIMITED: (429, {"message": "slow down"}, {}),
    Fault.LIMITED_WITH_TIME: (429, {"message": "slow down"}, {"Retry-After": "120"}),
    Fault.BROKEN: (500, {"message": "oops"}, {}),
    Fault.SECONDARY_LIMIT: (403, {"message": "You have exceeded a secondary rate limit. Please wait."}, {}),
    Fault.THROTTLE_VIOLATION: (
        400,
        {
            "error_id": 502,
            "error_name": "throttle_violation",
            "error_message": "too many requests from this IP, more requests available in 10830 seconds",
        },
        {},
    ),
    Fault.QUOTA_EXCEEDED: (
        403,
        {"error": {"code": 403, "errors": [{"reason": "quotaExceeded", "domain": "youtube.quota"}]}},
        {},
    ),
}


async def _serve(port: int) -> None:
    servers = SourceServers()
    await servers.start(port)
    sys.stdout.write(f"{servers.origin}\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await servers.close()


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; the first line of output is the origin."""
    parser = argparse.ArgumentParser(description="Fakes of the research sources")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
