"""The whole shipped documentation as pages, built once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from shared.models.research import Passage
from shared.research.python_reference.inline import clean_topic
from shared.research.python_reference.library import LIBRARY_PAGES, library_passages
from shared.research.python_reference.passages import topic_passages
from shared.research.python_reference.source_code import source_examples
from shared.research.python_reference.topics import page_url

# Labels of a section that has another label of its own.
SAME_SECTION = frozenset({"else"})


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """A page: `label` is a topic's label, `library/` and the page's address, or `source/` and a name."""

    label: str
    title: str
    url: str
    passages: tuple[Passage, ...]


def page_title(label: str) -> str:
    """Return the title of a page as plain text; raises KeyError for a page that does not exist."""
    if label.startswith("library/"):
        return {page.label: page.title for page in LIBRARY_PAGES}[label]
    from pydoc_data.topics import topics

    return clean_topic(topics[label].lstrip().splitlines()[:1]).replace("`", "")


def _topic_pages() -> list[ReferencePage]:
    from pydoc_data.topics import topics

    pages: list[ReferencePage] = []
    known: set[str] = set()
    # Chapters repeat their sections, which are topics too: the shortest text keeps what it shares with longer
    # ones.
    for label, text in sorted(topics.items(), key=lambda item: (len(item[1]), item[0])):
        if label in SAME_SECTION:
            continue
        passages = {one.text: one for one in topic_passages(text) if one.text not in known}
        known.update(passages)
        if passages:
            pages.append(ReferencePage(label, page_title(label), page_url(label), tuple(passages.values())))
    return sorted(pages, key=lambda page: page.label)


def _library_pages() -> list[ReferencePage]:
    pages: list[ReferencePage] = []
    for page in LIBRARY_PAGES:
        passages = library_passages(page)
        if passages:
            pages.append(ReferencePage(page.label, page.title, page_url(page.label), tuple(passages)))
    return pages


def _source_pages() -> list[ReferencePage]:
    return [
        ReferencePage(example.label, example.title, example.url, example.passages)
        for example in source_examples()
    ]


@cache
def reference_pages() -> tuple[ReferencePage, ...]:
    """Return every page in a fixed order: topics, the library's pages, the modules' source code.

    Takes a fraction of a second the first time.
    """
    return (*_topic_pages(), *_library_pages(), *_source_pages())
