"""Chapters and key moments: where in a video a lesson's question is answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.models.content import KeyMoment
from shared.models.research import Passage
from shared.research.fetching.prose import plain_prose
from shared.research.protocol import Question
from shared.research.relevance import Wanted
from shared.research.video.captions import Snippet

MAX_MOMENTS = 6
MAX_CHAPTERS = 20
MAX_DESCRIPTION = 10_000
MAX_TITLE = 90
WINDOW_SECONDS = 45.0
MAX_WINDOWS = 400

_chapter = re.compile(r"^\W{0,4}((?:\d{1,2}:)?\d{1,2}:\d{2})\W{1,5}(\S.{1,200})")
_duration = re.compile(r"P(?:(\d{1,3})D)?T?(?:(\d{1,3})H)?(?:(\d{1,3})M)?(?:(\d{1,3})S)?")


def duration_seconds(text: str) -> int:
    """Return the seconds of an ISO 8601 duration such as PT1H2M3S; 0 if it is none."""
    match = _duration.fullmatch(text)
    if not match:
        return 0
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def clock(seconds: int) -> str:
    """Return seconds as people read them: 3723 is "1:02:03"."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def chapters(description: str, length: int) -> list[KeyMoment]:
    """Return the chapters that a video's maker has listed, in order and within its length in seconds."""
    found: list[KeyMoment] = []
    for line in description[:MAX_DESCRIPTION].splitlines():
        match = _chapter.fullmatch(plain_prose(line))
        if not match:
            continue
        seconds = 0
        for part in match[1].split(":"):
            seconds = seconds * 60 + int(part)
        later = not found or seconds > found[-1].seconds
        if later and (not length or seconds < length):
            found.append(KeyMoment(seconds=seconds, title=_title(match[2])))
    return found[:MAX_CHAPTERS]


def windows(snippets: Sequence[Snippet]) -> list[Snippet]:
    """Return captions joined to stretches of about three quarters of a minute."""
    joined: list[Snippet] = []
    for snippet in snippets:
        if joined and snippet.seconds < joined[-1].seconds + WINDOW_SECONDS:
            last = joined[-1]
            joined[-1] = Snippet(last.seconds, f"{last.text} {snippet.text}")
        else:
            joined.append(snippet)
    return joined[:MAX_WINDOWS]


def key_moments(
    question: Question, stretches: Sequence[Snippet], most_words: int | None = None
) -> list[KeyMoment]:
    """Return the stretches that speak most of what a lesson is about, in the video's order.

    Their titles are what is said there; with `most_words`, so many words of the video at most in all.
    """
    wanted = Wanted.of(question)
    scored: list[tuple[float, int]] = []
    for position, stretch in enumerate(stretches):
        score, _ = wanted.share(stretch.text)
        if score:
            scored.append((-score, position))
    best = sorted(position for _, position in sorted(scored)[:MAX_MOMENTS])
    each = most_words // max(len(best), 1) if most_words is not None else None
    return [
        KeyMoment(seconds=int(one.seconds), title=_title(_around(wanted, one.text, each)))
        for one in (stretches[position] for position in best)
    ]


def _around(wanted: Wanted, text: str, most_words: int | None) -> str:
    """Return so many of a text's words from the first that is wanted on; all of them without a bound."""
    words = text.split()
    if most_words is None or len(words) <= most_words:
        return text
    first = next((place for place, word in enumerate(words) if wanted.share(word)[0]), 0)
    start = min(first, len(words) - most_words)
    shown = " ".join(words[start : start + most_words])
    return f"{'… ' if start else ''}{shown}{' …' if start + most_words < len(words) else ''}"


def caption_passages(stretches: Sequence[Snippet]) -> list[Passage]:
    """Return captions as passages under the time at which they are said."""
    return [Passage(heading=clock(int(one.seconds)), text=one.text[:900]) for one in stretches]


def _title(text: str) -> str:
    """Shorten a text at a word's end."""
    if len(text) <= MAX_TITLE:
        return text
    return f"{text[: MAX_TITLE - 1].rpartition(' ')[0] or text[: MAX_TITLE - 1]}…"
