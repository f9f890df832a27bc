"""What a documentation site lists of itself: titles and addresses."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ENTRIES = 60_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of a site: its name, its address, absolute and without a fragment, and what it says it holds."""

    title: str
    url: str
    about: str = ""
