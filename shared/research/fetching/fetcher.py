"""Fetching a page that anybody may have written: guarded at every step, bounded in size and time."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from shared.research.fetching.bounded import read_bounded
from shared.research.fetching.transport import CONNECT_SECONDS, PinnedTransport
from shared.research.fetching.urls import checked_url, same_site
from shared.research.http import NotThere, unreachable
from shared.research.limits import by_status
from shared.research.protocol import SourceFailed, SourceLimited

MAX_PAGE_BYTES = 2_000_000
MAX_REDIRECTS = 3
HTML = frozenset({"text/html", "application/xhtml+xml"})
TEXT = frozenset({"text/plain", "text/markdown", "text/x-markdown"})
XML = frozenset({"application/xml", "text/xml"})
BINARY = frozenset({"application/octet-stream", "application/zlib", "application/x-zlib", ""})


@dataclass(frozen=True, slots=True)
class Page:
    """What was fetched, and from where after all redirects."""

    url: httpx.URL
    content_type: str
    charset: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, in the charset that was declared for it, else UTF-8."""
        try:
            return self.body.decode(self.charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


class Fetcher:
    """Fetches pages by GET; each redirect is checked like a first address and stays on the site."""

    def __init__(self, *, user_agent: str, allow_private: bool = False) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"}
        self._allow_private = allow_private
        self._tls: ssl.SSLContext | None = None

    async def fetch(
        self,
        address: str,
        *,
        site: httpx.URL,
        types: Collection[str],
        timeout_seconds: float,
        limit: int = MAX_PAGE_BYTES,
    ) -> Page:
        """Return the page at an address on the registrable domain of `site`, of one of the content `types`.

        Raises `AddressRefused`, `NotThere`, `SourceLimited` or `SourceFailed`.
        """
        url = self._checked(address, site)
        timeout = httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS))
        async with self._client(timeout) as http:
            for _ in range(MAX_REDIRECTS + 1):
                try:
                    # httpx bounds each read; a page that drips in for ever is stopped here.
                    async with asyncio.timeout(timeout_seconds):
                        answer = await _get(http, url, types, limit)
                except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
                    raise SourceFailed(f"{url.host} did not answer within {timeout_seconds:g} s") from None
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    raise unreachable(url.host, error) from None
                if isinstance(answer, Page):
                    return answer
                url = self._checked(answer, site)
        raise SourceFailed(f"{url.host} redirects in a circle")

    def _checked(self, address: str, site: httpx.URL) -> httpx.URL:
        url = checked_url(address, allow_private=self._allow_private)
        if not same_site(url, site):
            raise SourceFailed(f"{site.host} leads to another site")
        return url

    def _client(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        transport = PinnedTransport(self._tls, allow_private=self._allow_private)
        return httpx.AsyncClient(
            transport=transport,
            headers=self._headers,
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )


async def _get(http: httpx.AsyncClient, url: httpx.URL, types: Collection[str], limit: int) -> Page | str:
    """Return the page, or where a redirect points to."""
    async with http.stream("GET", url) as response:
        if response.is_redirect:
            return str(url.join(response.headers.get("location", "")))
        _check_status(response)
        declared = response.headers.get("content-type", "")
        content_type = declared.partition(";")[0].strip().lower()
        if content_type not in types:
            raise SourceFailed(f"{url.host} answered with {content_type[:60] or 'no content type'}")
        charset = re.search(r"charset=[\"']?([\w.-]{1,40})", declared, re.IGNORECASE)
        body = await read_bounded(response, limit)
        return Page(url, content_type, charset[1] if charset else "utf-8", body)


def _check_status(response: httpx.Response) -> None:
    until = by_status(response.status_code, response.headers, None)
    if until is not None:
        raise SourceLimited(until)
    if response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise NotThere(f"{response.url.host} has no such page")
    if response.status_code != HTTPStatus.OK:
        raise SourceFailed(f"{response.url.host} answered with status {response.status_code}")
