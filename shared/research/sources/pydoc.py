"""The documentation that CPython itself ships: needs no network and no key, answers for Python only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from shared.computing import computed
from shared.models.specification import normalise
from shared.research.protocol import Hit, Question, SourceSkipped
from shared.research.python_reference.corpus import ReferencePage, reference_pages
from shared.research.ranking import best_example, contexts, page_score, relevance, relevant, select
from shared.settings import SourceSettings
from shared.text.bm25 import Bm25

if TYPE_CHECKING:
    import httpx

SUBJECTS = frozenset({"python", "python 3", "python3", "python programming", "python programming language"})
AUTHOR = "Python Software Foundation"
LICENCE = "PSF-2.0"
LICENCE_URL = "https://docs.python.org/3/license.html"

MAX_HITS = 8
MAX_PASSAGES = 20


@dataclass(frozen=True, slots=True)
class _Library:
    """The pages, where each one's passages begin in the index, and the index over all passages."""

    pages: tuple[ReferencePage, ...]
    starts: tuple[int, ...]
    index: Bm25


# The first questions of a process come side by side: one of them reads, the others wait for it. Reading the
# modules' source code in several threads at once is also what CPython's `ast` answers with SystemError.
_reading = Lock()


@cache
def _library() -> _Library:
    pages = reference_pages()
    documents: list[list[str]] = []
    starts: list[int] = []
    for page in pages:
        starts.append(len(documents))
        documents.extend(contexts(page.title, page.passages))
    return _Library(pages, tuple(starts), Bm25(documents))


def find_pages(question: Question) -> list[tuple[ReferencePage, list[int]]]:
    """Return the pages that answer a question best, each with the positions of its best passages."""
    with _reading:
        library = _library()
    scores = relevance(question, library.index)
    slices = [
        scores[start : start + len(page.passages)]
        for page, start in zip(library.pages, library.starts, strict=True)
    ]
    pages = [page_score(question, page.title, part) for page, part in zip(library.pages, slices, strict=True)]
    examples = [best_example(page.passages, part) for page, part in zip(library.pages, slices, strict=True)]
    return [
        (library.pages[number], select(library.pages[number].passages, slices[number], MAX_PASSAGES))
        for number in relevant(pages, examples)[:MAX_HITS]
    ]


class PydocSource:
    """Looks a lesson up in the language reference and the docstrings of the standard library."""

    name = "pydoc"

    def __init__(self, settings: SourceSettings, http: httpx.AsyncClient | None = None) -> None:
        """Take the settings; the client is not used."""
        del http
        self.timeout_seconds = settings.timeout_seconds

    async def search(self, question: Question) -> Sequence[Hit]:
        """Return the pages that answer best; raises SourceSkipped for subjects other than Python."""
        if normalise(question.subject) not in SUBJECTS:
            raise SourceSkipped("covers Python only")
        # The first question reads all of the documentation; the event loop must not wait for it.
        found = await computed(find_pages, question)
        now = datetime.now(UTC)
        return [
            Hit(
                title=page.title,
                author=AUTHOR,
                url=page.url,
                licence=LICENCE,
                licence_url=LICENCE_URL,
                open_licence=True,
                language="en",
                retrieved_at=now,
                passages=tuple(page.passages[position] for position in positions),
            )
            for page, positions in found
        ]
