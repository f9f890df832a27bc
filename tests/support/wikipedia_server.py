"""A fake Wikipedia on a real socket, for tests and demonstrations.

In a test: `with WikipediaServer() as wikipedia: ... wikipedia.base_url ... wikipedia.requests`.
As a process of its own: `python -m tests.support.wikipedia_server --port 0`; its first line of output is its
base URL, which ends in `/{lang}`: editions are told apart by the first part of the path.
Over HTTP it offers `GET /requests` and `PUT /fault` (a `Fault` as text, empty to mend it).
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.wikipedia_articles import ARTICLES, Article

LONGEST_HANG_SECONDS = 20.0


class Fault(StrEnum):
    """What is wrong with the server's answers."""

    NONE = ""
    LIMITED = "429"
    LIMITED_UNTIL_DATE = "429-date"
    UNAVAILABLE = "503"
    BROKEN = "500"
    HANG = "hang"
    DROP = "drop"
    GARBAGE = "garbage"
    WRONG_SHAPE = "wrong-shape"
    WRONG_TYPE = "wrong-type"
    COMPRESSED = "compressed"
    HUGE = "huge"
    REDIRECT_AWAY = "redirect-away"
    REDIRECT_CIRCLE = "redirect-circle"
    NO_EXTRACTS = "no-extracts"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(hash=False)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


class _QuietServer(ThreadingHTTPServer):
    """A server that does not report clients who hang up: that is what some tests are about."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report everything else, as the base class does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class WikipediaServer:
    """Serves articles in the wire shapes of Wikipedia's REST and action APIs until it is closed."""

    def __init__(self, articles: Sequence[Article] = ARTICLES, *, port: int = 0) -> None:
        self.articles = tuple(articles)
        self.fault = Fault.NONE
        self.requests: list[Received] = []
        self.closed = threading.Event()
        handler = type("Handler", (_Handler,), {"wikipedia": self})
        self._http = _QuietServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def origin(self) -> str:
        """The server's origin, `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def base_url(self) -> str:
        """The setting for the source: the edition's language is the first part of the path."""
        return f"{self.origin}/{{lang}}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def find(self, language: str, query: str, limit: int) -> list[Article]:
        """Return the articles of an edition that share words with a query, best first."""
        asked = _words(query)
        scored = [
            (-len(asked & _words(f"{article.title} {article.text}")), number)
            for number, article in enumerate(self.articles)
            if article.language == language
        ]
        return [self.articles[number] for score, number in sorted(scored) if score < 0][:limit]

    def article(self, language: str, title: str) -> Article | None:
        """Return an edition's article of a title, redirects not followed."""
        wanted = (language, title.replace("_", " "))
        return next((one for one in self.articles if (one.language, one.title) == wanted), None)


class _Handler(BaseHTTPRequestHandler):
    wikipedia: ClassVar[WikipediaServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: what came in is kept in `requests`."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.wikipedia.fault = Fault(body.strip())
        self._send({"fault": self.wikipedia.fault.value})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/requests":
            self._send([{"path": one.path, "query": one.query} for one in self.wikipedia.requests])
            return
        self.wikipedia.requests.append(Received(parts.path, query, dict(self.headers.items())))
        if self._is_at_fault(parts.path):
            return
        language, _, path = parts.path.lstrip("/").partition("/")
        if path == "w/rest.php/v1/search/page":
            found = self.wikipedia.find(language, query.get("q", ""), int(query.get("limit", "50")))
            self._send({"pages": [self._search_result(number, one) for number, one in enumerate(found, 1)]})
        elif path.startswith("api/rest_v1/page/summary/"):
            self._send_summary(language, unquote(path.removeprefix("api/rest_v1/page/summary/")))
        elif path == "w/api.php":
            self._send_extract(language, query.get("titles", ""))
        else:
            self._send({"httpCode": 404, "messageTranslations": {}}, 404)

    def _search_result(self, number: int, article: Article) -> dict[str, object]:
        return {
            "id": number,
            "key": article.key,
            "title": article.title,
            "excerpt": f'<span class="searchmatch">{article.title}</span>',
            "matched_title": None,
            "description": None,
            "thumbnail": None,
        }

    def _send_summary(self, language: str, title: str) -> None:
        article = self.wikipedia.article(language, title)
        if article is None:
            self._send({"type": "Internal error", "status": 404}, 404)
        elif article.redirect_to:
            self._send({}, 302, {"Location": quote(article.redirect_to.replace(" ", "_"))})
        else:
            # The address lies on purpose: a client must not send learners where an answer says.
            page = {"page": f"https://evil.example/{quote(article.key)}"}
            self._send(
                {
                    "type": article.type,
                    "title": article.title,
                    "lang": language,
                    "extract": article.lead,
                    "content_urls": {"desktop": page},
                }
            )

    def _send_extract(self, language: str, title: str) -> None:
        article = self.wikipedia.article(language, title)
        if article is None:
            page: dict[str, object] = {"title": title, "missing": True}
        else:
            page = {"pageid": 1, "ns": 0, "title": article.title, "extract": article.text}
        self._send({"batchcomplete": True, "query": {"pages": [page]}})

    def _is_at_fault(self, path: str) -> bool:
        """Answer as the present fault demands; False if there is none for this path."""
        fault = self.wikipedia.fault
        statuses = {
            Fault.LIMITED: 429,
            Fault.LIMITED_UNTIL_DATE: 429,
            Fault.UNAVAILABLE: 503,
            Fault.BROKEN: 500,
        }
        if fault is Fault.NONE or (fault is Fault.NO_EXTRACTS and not path.endswith("/w/api.php")):
            return False
        if fault in statuses:
            later = {Fault.LIMITED: "120", Fault.LIMITED_UNTIL_DATE: "Fri, 31 Dec 2100 23:59:59 GMT"}
            headers = {"Retry-After": later[fault]} if fault in later else {}
            self._send({"httpReason": "no"}, statuses[fault], headers)
        elif fault is Fault.HANG:
            self.wikipedia.closed.wait(LONGEST_HANG_SECONDS)
            self.close_connection = True
        elif fault is Fault.DROP:
            self.close_connection = True
        elif fault is Fault.REDIRECT_AWAY:
            self._send({}, 302, {"Location": "http://localhost:1/elsewhere"})
        elif fault is Fault.REDIRECT_CIRCLE:
            self._send({}, 302, {"Location": self.path})
        else:
            self._send_odd_body(fault)
        return True

    def _send_odd_body(self, fault: Fault) -> None:
        json_type = "application/json; charset=utf-8"
        bodies = {
            Fault.GARBAGE: (b'{"pages": [{"key": ', json_type, {}),
            Fault.WRONG_SHAPE: (b'{"pages": "none of your business"}', json_type, {}),
            Fault.WRONG_TYPE: (b"<html><body>{}</body></html>", "text/html", {}),
            Fault.COMPRESSED: (b"{}", json_type, {"Content-Encoding": "gzip"}),
            Fault.HUGE: (b'{"pages": [], "filler": "' + b"x" * 1_500_000 + b'"}', json_type, {}),
            Fault.NO_EXTRACTS: (b'{"error": {"code": "internal_api_error"}}', json_type, {}),
        }
        body, content_type, headers = bodies[fault]
        self._send_bytes(body, content_type, 200, headers)

    def _send(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        encoded = json.dumps(body, ensure_ascii=False).encode()
        self._send_bytes(encoded, "application/json; charset=utf-8", status, headers or {})

    def _send_bytes(self, body: bytes, content_type: str, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # a client may stop reading what is too large for it
            self.close_connection = True


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(description="A fake Wikipedia")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", type=Fault, default=Fault.NONE, choices=list(Fault))
    arguments = parser.parse_args()
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    with WikipediaServer(port=arguments.port) as wikipedia:
        wikipedia.fault = arguments.fault
        sys.stdout.write(f"{wikipedia.base_url}\n")
        sys.stdout.flush()
        while not stopped.is_set():
            time.sleep(0.1)


if __name__ == "__main__":
    main()
