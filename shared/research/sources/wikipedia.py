"""Wikipedia in the learner's language: search, then the summary and the plain text of the best articles.

REST search `/w/rest.php/v1/search/page`, REST summary `/api/rest_v1/page/summary/{title}`, and, because a
summary is two sentences, the whole text by `/w/api.php?action=query&prop=extracts` (TextExtracts: one whole
page a request).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field

from shared.research.http import NotThere
from shared.research.network_source import NetworkSource, Wire
from shared.research.protocol import Hit, Question, ResearchError, SourceFailed, SourceLimited
from shared.research.wikitext import article_passages
from shared.settings import SourceSettings

DEFAULT_BASE_URL = "https://{lang}.wikipedia.org"
AUTHOR = "Wikipedia contributors"
LICENCE = "CC BY-SA 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by-sa/4.0/"

MAX_ARTICLES = 3
SEARCH_LIMIT = 6
# CirrusSearch refuses longer queries.
MAX_QUERY_CHARACTERS = 300

# Learners' languages whose Wikipedia has another name.
_EDITIONS = {"nb": "no", "nn": "nn", "cmn": "zh", "yue": "zh-yue", "fil": "tl", "iw": "he", "in": "id"}

# Signs that begin a word ("-word") or mean something within one; ".NET", "C++" and "Node.js" keep theirs.
_operators = re.compile(r"(?<!\S)[^\w\s.]+|[\"~*:|!(){}\[\]\\]")

M = TypeVar("M", bound=BaseModel)


Title = Annotated[str, Field(min_length=1, max_length=255)]


class _Found(Wire):
    key: Title
    title: Title


class _Search(Wire):
    pages: list[_Found] = Field(max_length=100)


class _Summary(Wire):
    type: str
    title: Title
    extract: str = ""


class _Page(Wire):
    title: Title
    extract: str = ""
    missing: bool = False


class _Query(Wire):
    pages: list[_Page] = Field(min_length=1, max_length=1)


class _Extracts(Wire):
    query: _Query


def edition(language: str) -> str:
    """Return the Wikipedia edition for a language tag: "pt-BR" reads the Portuguese one."""
    primary = language.lower().partition("-")[0]
    return _EDITIONS.get(primary, primary) if re.fullmatch(r"[a-z]{2,3}", primary) else "en"


def queries(question: Question) -> list[str]:
    """Return what to search for, the narrowest first; plain words, since signs are CirrusSearch operators."""
    narrow = f"{question.subject} {question.lesson_title}"
    wide = f"{question.subject} {question.focus}"
    plain = [" ".join(_operators.sub(" ", text).split()) for text in (narrow, wide)]
    return list(dict.fromkeys(text[:MAX_QUERY_CHARACTERS] for text in plain if text))


class WikipediaSource(NetworkSource):
    """Looks a lesson up in Wikipedia; its base URL may hold `{lang}` or `{language}`."""

    name = "wikipedia"

    def __init__(self, settings: SourceSettings, http: httpx.AsyncClient) -> None:
        super().__init__(settings, http)
        self._base_url = self._base_url or DEFAULT_BASE_URL

    def query(self, question: Question) -> str:
        """Return the edition and the searches."""
        return "\n".join([edition(question.language), *queries(question)])

    async def find(self, question: Question) -> list[Hit]:
        """Return the best articles."""
        language = edition(question.language)
        for query in queries(question):
            found = await self._get(
                _Search, language, "/w/rest.php/v1/search/page", q=query, limit=str(SEARCH_LIMIT)
            )
            hits = await self._articles(language, found.pages)
            if hits:
                return hits
        return []

    async def _articles(self, language: str, found: Sequence[_Found]) -> list[Hit]:
        """Return the first articles that can be read; raises only if every one of them failed."""
        hits: list[Hit] = []
        failure: ResearchError | None = None
        waiting = list(found[:SEARCH_LIMIT])
        while waiting and len(hits) < MAX_ARTICLES:
            batch, waiting = waiting[: MAX_ARTICLES - len(hits)], waiting[MAX_ARTICLES - len(hits) :]
            answers = await asyncio.gather(
                *(self._article(language, page) for page in batch), return_exceptions=True
            )
            for answer in answers:
                if isinstance(answer, SourceLimited):
                    self.pause(answer.until)
                    failure, waiting = answer, []
                elif isinstance(answer, ResearchError):
                    failure = answer
                elif isinstance(answer, BaseException):
                    raise answer
                elif answer is not None:
                    hits.append(answer)
        if failure is not None and not hits:
            raise failure
        return hits

    async def _article(self, language: str, page: _Found) -> Hit | None:
        """Return an article with its passages; None for a disambiguation page and for one without text."""
        try:
            summary = await self._get(
                _Summary, language, f"/api/rest_v1/page/summary/{quote(page.key.replace(' ', '_'), safe='')}"
            )
        except NotThere:
            return None
        if summary.type != "standard":
            return None
        text = await self._text(language, summary.title) or summary.extract
        passages = article_passages(text, summary.title)
        if not passages:
            return None
        return Hit(
            title=summary.title,
            author=AUTHOR,
            # Built here and never taken from the answer, which must not choose where learners are sent.
            url=f"https://{language}.wikipedia.org/wiki/{quote(summary.title.replace(' ', '_'))}",
            licence=LICENCE,
            licence_url=LICENCE_URL,
            open_licence=True,
            language=language,
            retrieved_at=datetime.now(UTC),
            passages=tuple(passages),
        )

    async def _text(self, language: str, title: str) -> str:
        """Return an article's plain text; empty if it cannot be had, for the summary is enough to go on
        with."""
        try:
            answer = await self._get(
                _Extracts,
                language,
                "/w/api.php",
                action="query",
                prop="extracts",
                explaintext="1",
                exsectionformat="wiki",
                redirects="1",
                format="json",
                formatversion="2",
                titles=title,
            )
        except SourceFailed:
            return ""
        return answer.query.pages[0].extract

    async def _get(self, model: type[M], language: str, path: str, **parameters: str) -> M:
        base = self._base_url.replace("{lang}", language).replace("{language}", language)
        return await self.get(model, f"{base}{path}", parameters)
