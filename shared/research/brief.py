"""Asking all sources at once and making one bounded, ranked, clean brief of what they found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.computing import computed
from shared.models.research import Brief, FoundVideo, Passage, Source, SourceReport
from shared.research.protocol import Hit, Question, ResearchSource, SourceFailed, SourceLimited, SourceSkipped
from shared.research.ranking import (
    Duplicates,
    best_example,
    contexts,
    page_score,
    relevance,
    relevant,
    select,
)
from shared.research.selection import Page, with_variety
from shared.research.subjects import of_other_subject
from shared.security.clean_text import clean_text
from shared.text.bm25 import Bm25
from shared.text.sentences import split_sentences

MAX_SOURCES = 8
MAX_PASSAGES = 16
# A lesson's prompt must hold the whole brief: about 2,000 tokens a source, 12,000 in all.
MAX_SOURCE_BYTES = 8_000
MAX_BRIEF_BYTES = 48_000
MAX_TEXT_CHARACTERS = 1_500
MAX_CODE_CHARACTERS = 2_000
MAX_LABEL_CHARACTERS = 200
MAX_URL_CHARACTERS = 2_000
# What is considered of one source's answer; a source that returns more is cut, not trusted.
MAX_HITS_PER_SOURCE = 12
MAX_PASSAGES_PER_HIT = 60


async def research(
    question: Question, sources: Sequence[ResearchSource], *, deadline_seconds: float
) -> Brief:
    """Ask all sources side by side and return the brief, in at most `deadline_seconds`.

    Each source has its own deadline below that one. A source that fails, hangs or is limited is reported and
    costs the others nothing; a brief without any source is an answer too.
    """
    answers = await asyncio.gather(*(_ask(source, question, deadline_seconds) for source in sources))
    hits = [(report.origin, hit) for report, found in answers for hit in found]
    chosen = await computed(assemble, question, hits)
    reports = [report for report, _ in answers]
    return Brief(sources=chosen, reports=reports, video=_video_of(chosen, hits))


def _video_of(sources: Sequence[Source], hits: Sequence[tuple[str, Hit]]) -> FoundVideo | None:
    """Return the video of the best source that is a video's page."""
    videos = {hit.url: hit.video for _, hit in hits if hit.video is not None}
    return next((videos[source.url] for source in sources if source.url in videos), None)


async def _ask(
    source: ResearchSource, question: Question, deadline_seconds: float
) -> tuple[SourceReport, Sequence[Hit]]:
    """Return what a source answered, and its report; never raises."""
    began = time.monotonic()
    allowed = min(source.timeout_seconds, deadline_seconds)
    report = SourceReport(origin=source.name, status="failed")
    hits: Sequence[Hit] = ()
    try:
        async with asyncio.timeout(allowed):
            hits = tuple(await source.search(question))[:MAX_HITS_PER_SOURCE]
        report.status, report.found = ("found" if hits else "empty"), len(hits)
    except TimeoutError:
        report.detail = f"no answer within {allowed:g} s"
    except SourceSkipped as error:
        report.status, report.detail = "skipped", str(error)
    except SourceLimited as error:
        report.status, report.detail = "limited", str(error)
    except SourceFailed as error:
        report.detail = str(error)
    except Exception as error:  # noqa: BLE001 - a defect in one source must not cost the lesson the others
        report.detail = f"unexpected {type(error).__name__}"
    report.detail = _line(report.detail)
    report.seconds = round(time.monotonic() - began, 3)
    return report, hits


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A cleaned hit and where its passages stand in the index."""

    origin: str
    hit: Hit
    passages: tuple[Passage, ...]
    start: int


def assemble(question: Question, hits: Sequence[tuple[str, Hit]]) -> list[Source]:
    """Return the sources of a brief, best first, made of (origin, hit) pairs; a pure function."""
    candidates: list[_Candidate] = []
    documents: list[list[str]] = []
    for origin, hit in hits:
        passages = tuple(filter(None, map(_clean_passage, hit.passages[:MAX_PASSAGES_PER_HIT])))
        if passages and _is_web_address(hit.url) and not of_other_subject(question, hit):
            candidates.append(_Candidate(origin, hit, passages, len(documents)))
            documents.extend(contexts(_line(hit.title), passages))
    scores = relevance(question, Bm25(documents))
    # In the order of their addresses, so that ties do not depend on which source was listed first.
    candidates.sort(key=lambda candidate: (candidate.hit.url, candidate.start))
    parts = [scores[candidate.start :][: len(candidate.passages)] for candidate in candidates]
    pages = [
        page_score(question, _line(candidate.hit.title), part)
        for candidate, part in zip(candidates, parts, strict=True)
    ]

    sources: list[Source] = []
    duplicates = Duplicates()
    addresses: set[str] = set()
    room = MAX_BRIEF_BYTES
    examples = [
        best_example(candidate.passages, part) for candidate, part in zip(candidates, parts, strict=True)
    ]
    found = [
        Page(candidate.hit.url, score, candidate.hit.video is not None)
        for candidate, score in zip(candidates, pages, strict=True)
    ]
    for number in with_variety(relevant(pages, examples), found, MAX_SOURCES):
        candidate = candidates[number]
        if len(sources) == MAX_SOURCES or candidate.hit.url in addresses:
            continue
        chosen = _chosen(candidate.passages, parts[number], duplicates, min(room, MAX_SOURCE_BYTES))
        if chosen:
            addresses.add(candidate.hit.url)
            room -= sum(map(_size, chosen))
            sources.append(_source(f"s{len(sources) + 1}", candidate, chosen))
    return sources


def _chosen(
    passages: Sequence[Passage], scores: Sequence[float], duplicates: Duplicates, room: int
) -> list[Passage]:
    """Return the best passages that fit, in the page's order, without what a better source has said."""
    chosen: list[Passage] = []
    for position in select(passages, scores, MAX_PASSAGES):
        passage = passages[position]
        if _size(passage) <= room and not duplicates.is_duplicate(passage):
            chosen.append(passage)
            room -= _size(passage)
    return chosen


def _source(identifier: str, candidate: _Candidate, passages: list[Passage]) -> Source:
    hit = candidate.hit
    return Source(
        id=identifier,
        origin=candidate.origin,
        title=_line(hit.title) or hit.url,
        author=_line(hit.author),
        url=hit.url,
        licence=_line(hit.licence),
        licence_url=hit.licence_url if _is_web_address(hit.licence_url) else "",
        open_licence=hit.open_licence,
        language=hit.language,
        retrieved_at=hit.retrieved_at,
        passages=passages,
    )


def _clean_passage(passage: Passage) -> Passage | None:
    """Return the passage without hidden characters and within its bounds; None if nothing is left."""
    text = clean_text(passage.text)
    if passage.kind == "code":
        if len(text) > MAX_CODE_CHARACTERS:  # half a program is no example
            return None
        text = text.strip("\n")
    else:
        text = _shortened(text.strip())
    if not text.strip():
        return None
    return Passage(
        kind=passage.kind, heading=_line(passage.heading), text=text, language=_line(passage.language)
    )


def _shortened(text: str) -> str:
    """Cut a long text at the end of a sentence; a text without sentences at its last space."""
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    kept = ""
    for sentence in split_sentences(text[: 2 * MAX_TEXT_CHARACTERS]):
        if len(kept) + len(sentence) >= MAX_TEXT_CHARACTERS:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or text[:MAX_TEXT_CHARACTERS].rpartition(" ")[0] or text[:MAX_TEXT_CHARACTERS]


def _size(passage: Passage) -> int:
    return len(passage.text.encode()) + len(passage.heading.encode())


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())[:MAX_LABEL_CHARACTERS]


def _is_web_address(url: str) -> bool:
    """Tell whether a URL can be shown as a link: http(s), a host, no credentials, nothing hidden."""
    if (
        len(url) > MAX_URL_CHARACTERS
        or clean_text(url) != url
        or any(character.isspace() for character in url)
    ):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
