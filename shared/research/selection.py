"""Which pages make a brief: the most relevant ones, from several domains, and a video where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.research.ranking import LEAST_RELEVANCE

# One domain alone has one view of things; fewer than these are given only where there are no more.
LEAST_DOMAINS = 3


@dataclass(frozen=True, slots=True)
class Page:
    """What selection knows of a page: where it is, how well it answers, whether it is a video's."""

    url: str
    score: float
    has_video: bool = False

    @property
    def domain(self) -> str:
        """The host of the page."""
        return urlsplit(self.url).hostname or ""


def with_variety(ranked: Sequence[int], pages: Sequence[Page], limit: int) -> list[int]:
    """Return at most `limit` positions of pages: the `ranked` ones, less their last where others must stand.

    The best page of each further domain is added until there are three, and the best video if none is ranked;
    only pages that are not far behind the best, and videos that match at all. Where the ranked pages have
    all that, they stay as they are.
    """
    if not ranked:
        return []
    floor = LEAST_RELEVANCE * max(pages[position].score for position in ranked)
    # A video has few words to match: its source has judged it by its title, so any match will do.
    others = sorted(
        (
            i
            for i, page in enumerate(pages)
            if i not in ranked and page.score >= (0 if page.has_video else floor)
        ),
        key=lambda i: (-pages[i].score, i),
    )
    others = [i for i in others if pages[i].score > 0]
    kept = list(ranked[:limit])
    added: list[int] = []
    if not any(pages[i].has_video for i in kept):
        added += [i for i in others if pages[i].has_video][:1]
    domains = {pages[i].domain for i in (*kept, *added)}
    for position in others:
        if len(domains) >= LEAST_DOMAINS:
            break
        if pages[position].domain not in domains:
            domains.add(pages[position].domain)
            added.append(position)
    return [*kept[: max(1, limit - len(added))], *added][:limit]
