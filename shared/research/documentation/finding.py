"""Listing a site's pages by the first of its own files that exists: llms.txt, objects.inv, the sitemap."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import httpx

from shared.computing import computed
from shared.research.documentation.index import Entry
from shared.research.documentation.inventory import inventory_entries
from shared.research.documentation.llms_txt import llms_entries
from shared.research.documentation.sitemap import read_sitemap
from shared.research.fetching.fetcher import BINARY, TEXT, XML, Fetcher, Page
from shared.research.http import NotThere
from shared.research.protocol import SourceFailed, SourceLimited, Unreachable

MAX_INDEX_BYTES = 5_000_000
MAX_SITEMAPS = 3
# A site with fewer pages in its list has not listed its documentation there.
LEAST_ENTRIES = 5
# Lists are large and change little: a process keeps a few of them, so that each lesson does not fetch them.
KEPT_SITES = 6
KEPT_SECONDS = 3_600.0

Finder = Callable[[str], Awaitable[list[Entry]]]


class SiteIndexes:
    """The lists of the sites asked about last, each fetched once at a time."""

    def __init__(self, fetcher: Fetcher, timeout_seconds: float) -> None:
        self._fetcher = fetcher
        self._timeout_seconds = timeout_seconds
        self._kept: OrderedDict[str, tuple[float, list[Entry]]] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def entries(self, root: str) -> list[Entry]:
        """Return the pages below a root address that the site lists.

        Raises `SourceLimited` or `SourceFailed` when none of its files can be read, with the reason of each.
        """
        async with self._locks.setdefault(root, asyncio.Lock()):
            kept = self._kept.get(root)
            if kept is not None and time.monotonic() < kept[0] + KEPT_SECONDS:
                return kept[1]
            found = await self._find(root)
            self._kept[root] = (time.monotonic(), found)
            if len(self._kept) > KEPT_SITES:
                oldest, _ = self._kept.popitem(last=False)
                self._locks.pop(oldest, None)
            return found

    async def _find(self, root: str) -> list[Entry]:
        finders: tuple[tuple[str, Finder], ...] = (
            ("llms.txt", self._llms),
            ("objects.inv", self._inventory),
            ("sitemap", self._sitemap),
        )
        reasons: list[str] = []
        for name, find in finders:
            try:
                entries = [entry for entry in await find(root) if entry.url.startswith(root)]
            except (SourceLimited, Unreachable):
                raise
            except SourceFailed as error:
                if not isinstance(error, NotThere):
                    reasons.append(f"{name}: {error}")
                continue
            if len(entries) >= LEAST_ENTRIES:
                return entries
        host = httpx.URL(root).host
        raise SourceFailed("; ".join(reasons) or f"{host} has no list of its pages that can be read")

    async def _llms(self, root: str) -> list[Entry]:
        """Read the list beside the documentation, else the one of the whole site."""
        for address in dict.fromkeys((f"{root}llms.txt", str(httpx.URL(root).join("/llms.txt")))):
            try:
                page = await self._fetch(address, root, TEXT)
            except NotThere:
                continue
            return await computed(llms_entries, page.text, address)
        raise NotThere("no llms.txt")

    async def _inventory(self, root: str) -> list[Entry]:
        page = await self._fetch(f"{root}objects.inv", root, BINARY | TEXT)
        return await computed(inventory_entries, page.body, root)

    async def _sitemap(self, root: str) -> list[Entry]:
        """Read the sitemap beside the documentation, else the site's; of an index the nearest few."""
        own, whole = f"{root}sitemap.xml", str(httpx.URL(root).join("/sitemap.xml"))
        entries: list[Entry] = []
        waiting = list(dict.fromkeys((own, whole)))
        left = MAX_SITEMAPS + len(waiting)
        while waiting and left and not entries:
            address, left = waiting.pop(0), left - 1
            try:
                page = await self._fetch(address, root, XML)
            except NotThere:
                continue
            sitemap = await computed(read_sitemap, page.body, root)
            entries.extend(sitemap.pages)
            waiting = [*sorted(sitemap.sitemaps, key=lambda one: not one.startswith(root)), *waiting]
        return entries

    async def _fetch(self, address: str, root: str, types: frozenset[str]) -> Page:
        return await self._fetcher.fetch(
            address,
            site=httpx.URL(root),
            types=types,
            timeout_seconds=self._timeout_seconds,
            limit=MAX_INDEX_BYTES,
        )
