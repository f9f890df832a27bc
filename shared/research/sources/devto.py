"""Dev.to: articles by tag, then their bodies. They are not openly licensed, so they are quoted briefly.

`/articles?tag=`, `/articles/{id}`. https://developers.forem.com/api/v1
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field, RootModel

from shared.computing import computed
from shared.research.fetching.passages import html_passages
from shared.research.http import NotThere
from shared.research.network_source import NetworkSource, Wire, gathered
from shared.research.protocol import Hit, Question
from shared.research.relevance import best_titled
from shared.research.subjects import software_words

LICENCE = "all rights reserved by the author"
MAX_ARTICLES = 2
SEARCH_LIMIT = 60
TOP_OF_DAYS = 1_500
HEADERS = {"Accept": "application/vnd.forem.api-v1+json"}


class _User(Wire):
    name: str = ""
    username: str = Field(pattern=r"^[A-Za-z0-9_]{1,60}$")


class _Found(Wire):
    id: int = Field(ge=1)
    title: str = Field(min_length=1, max_length=500)
    public_reactions_count: int = 0


class _FoundList(RootModel[list[_Found]]):
    """The search's answer is a bare list."""


class _Article(Wire):
    title: str = Field(min_length=1, max_length=500)
    slug: str = Field(pattern=r"^[a-z0-9_-]{1,300}$")
    user: _User
    body_html: str = ""


class DevToSource(NetworkSource):
    """Looks a lesson up among articles that developers have written."""

    name = "devto"

    def query(self, question: Question) -> str:
        """Return the tag and, since the best titles are chosen by them, the lesson's words."""
        words = software_words(question)
        return f"{words.compact_tag} {words.narrow} {' '.join(question.objectives)}"

    async def find(self, question: Question) -> Sequence[Hit]:
        """Return the most liked articles whose titles fit; raises only if none can be read."""
        tag = software_words(question).compact_tag
        parameters = {"tag": tag, "top": str(TOP_OF_DAYS), "per_page": str(SEARCH_LIMIT)}
        found = await self.get(_FoundList, f"{self._base_url}/articles", parameters, HEADERS)
        chosen = best_titled(question, [(one.title, one) for one in found.root], MAX_ARTICLES)
        return gathered(await asyncio.gather(*map(self._hit, chosen), return_exceptions=True))

    async def _hit(self, found: _Found) -> Hit | None:
        try:
            article = await self.get(_Article, f"{self._base_url}/articles/{found.id}", headers=HEADERS)
        except NotThere:
            return None
        return Hit(
            title=article.title,
            author=article.user.name or article.user.username,
            url=f"https://dev.to/{article.user.username}/{article.slug}",
            licence=LICENCE,
            licence_url="https://dev.to/terms",
            open_licence=False,
            language="en",
            retrieved_at=datetime.now(UTC),
            passages=tuple(await computed(html_passages, article.body_html, article.title)),
        )
