"""Documentation sites: the pages of a subject's own documentation that a lesson is about.

Which site a subject has: `DOCS_SITES`, else the shipped list. Pages are found by what the site lists of
itself (`documentation.finding`), on MDN by its search: `/api/v1/search?q=&locale=en-US`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
from pydantic import Field

from shared.computing import computed
from shared.research.documentation.finding import SiteIndexes
from shared.research.documentation.index import Entry
from shared.research.documentation.sites import Site, sites_of
from shared.research.fetching.fetcher import HTML, TEXT, Fetcher
from shared.research.fetching.passages import markdown_passages, page_passages
from shared.research.network_source import NetworkSource, Wire, gathered
from shared.research.protocol import Hit, Question, SourceSkipped
from shared.research.relevance import best_titled
from shared.research.subjects import search_words, split_meaning
from shared.settings import SourceSettings

MAX_PAGES = 3
MAX_SITES = 2
MDN_LOCALE = "en-US"


class _Document(Wire):
    mdn_url: str = Field(pattern=r"^/[A-Za-z-]+/docs/\S{1,500}$")
    title: str = Field(min_length=1, max_length=500)


class _Search(Wire):
    documents: list[_Document] = Field(max_length=200)


class DocsSource(NetworkSource):
    """Looks a lesson up in the official documentation of its subject."""

    name = "docs"

    def __init__(self, settings: SourceSettings, http: httpx.AsyncClient) -> None:
        """Take the settings; the base URL is MDN's. Pages are fetched by a guarded client of their own."""
        super().__init__(settings, http)
        self._own_sites = settings.docs_sites
        user_agent = http.headers.get("User-Agent", "SkillSync")
        self._fetcher = Fetcher(user_agent=user_agent, allow_private=settings.allow_private)
        self._indexes = SiteIndexes(self._fetcher, settings.timeout_seconds)

    def query(self, question: Question) -> str:
        """Return the sites and the words that choose among their pages."""
        roots = " ".join(site.root for site in self._sites(question))
        return f"{roots}\n{search_words(question).narrow}\n{' '.join(question.objectives)}"

    def _sites(self, question: Question) -> tuple[Site, ...]:
        return sites_of(question.subject, self._own_sites)[:MAX_SITES]

    async def find(self, question: Question) -> Sequence[Hit]:
        """Return the best pages; raises only if no site can be read."""
        sites = self._sites(question)
        if not sites:
            raise SourceSkipped(f"knows no documentation site for {split_meaning(question.subject)[0]}")
        answers = await asyncio.gather(
            *(self._pages(site, question) for site in sites), return_exceptions=True
        )
        return [hit for hits in gathered(answers) for hit in hits]

    async def _pages(self, site: Site, question: Question) -> list[Hit]:
        if site.root.startswith(f"{self._base_url}/"):
            entries = await self._search_mdn(site, question)
        else:
            known = await self._indexes.entries(site.root)
            listed = [(f"{entry.title} {entry.about}", entry) for entry in known]
            entries = await computed(best_titled, question, listed, MAX_PAGES)
        answers = await asyncio.gather(
            *(self._page(site, entry) for entry in entries), return_exceptions=True
        )
        return gathered(answers)

    async def _search_mdn(self, site: Site, question: Question) -> list[Entry]:
        words = search_words(question).narrow
        parameters = {"q": words, "locale": MDN_LOCALE, "sort": "best"}
        found = await self.get(_Search, f"{self._base_url}/api/v1/search", parameters)
        pages = [Entry(one.title, f"{self._base_url}{one.mdn_url}") for one in found.documents]
        below = [page for page in pages if page.url.startswith(site.root)]
        return below[:MAX_PAGES]

    async def _page(self, site: Site, entry: Entry) -> Hit:
        page = await self._fetcher.fetch(
            entry.url, site=httpx.URL(site.root), types=HTML | TEXT, timeout_seconds=self.timeout_seconds
        )
        read = page_passages if page.content_type in HTML else markdown_passages
        passages = await computed(read, page.text, entry.title)
        return Hit(
            title=entry.title,
            author=site.author,
            url=str(page.url),
            licence=site.licence,
            licence_url=site.licence_url,
            open_licence=site.open_licence,
            language="en",
            retrieved_at=datetime.now(UTC),
            passages=tuple(passages),
        )
