"""YouTube: one video that fits a lesson, with what is said in it and when.

`/search` (100 calls a day for a key), then `/videos` for length, licence and chapters, then the captions.
https://developers.google.com/youtube/v3/docs
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Annotated

import httpx
from pydantic import Field

from shared.models.research import FoundVideo, Passage
from shared.research.fetching.prose import plain_prose
from shared.research.limits import of_youtube
from shared.research.network_source import NetworkSource, Wire
from shared.research.protocol import Hit, Question, SourceSkipped
from shared.research.relevance import best_titled
from shared.research.subjects import search_words
from shared.research.video.captions import YOUTUBE, CaptionsBlocked, Snippet, read_captions
from shared.research.video.moments import (
    caption_passages,
    chapters,
    clock,
    duration_seconds,
    key_moments,
    windows,
)
from shared.settings import SourceSettings, is_loopback

SEARCH_LIMIT = 10
STANDARD_LICENCE = "Standard YouTube Licence"
STANDARD_LICENCE_URL = "https://www.youtube.com/static?template=terms"
# Trailers and jokes are shorter, whole courses longer than what one lesson can send its learner to.
SHORTEST_SECONDS = 120
LONGEST_SECONDS = 3 * 3_600
# What may be quoted of a video that is not openly licensed: the titles of its moments are its own words.
MOST_QUOTED_WORDS = 25
# Captions may take what the two calls of the API leave of the source's time.
CAPTIONS_SHARE = 0.5

VideoId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{11}$")]


class _Id(Wire):
    videoId: VideoId  # noqa: N815 - YouTube's name


class _Found(Wire):
    id: _Id


class _Search(Wire):
    items: list[_Found] = Field(max_length=50)


class _Snippet(Wire):
    title: str = Field(min_length=1, max_length=500)
    channelTitle: str = Field(min_length=1, max_length=200)  # noqa: N815 - YouTube's name
    description: str = ""
    liveBroadcastContent: str = "none"  # noqa: N815 - YouTube's name


class _Details(Wire):
    duration: str = ""


class _Status(Wire):
    license: str = "youtube"


class _Video(Wire):
    id: VideoId
    snippet: _Snippet
    contentDetails: _Details = _Details()  # noqa: N815 - YouTube's name
    status: _Status = _Status()

    @property
    def seconds(self) -> int:
        return duration_seconds(self.contentDetails.duration)


class _Videos(Wire):
    items: list[_Video] = Field(max_length=50)


class YouTubeSource(NetworkSource):
    """Looks for a video; needs a key."""

    name = "youtube"
    limits = staticmethod(of_youtube)

    def __init__(self, settings: SourceSettings, http: httpx.AsyncClient) -> None:
        """Take the settings; where the API is one on this machine, captions are read there too."""
        super().__init__(settings, http)
        here = is_loopback(self._base_url) and settings.allow_private
        self._captions_origin = str(httpx.URL(self._base_url).join("/")).rstrip("/") if here else YOUTUBE

    def query(self, question: Question) -> str:
        """Return language, words and, since the key moments depend on them, the objectives."""
        return f"{question.language}\n{_words(question)}\n{' '.join(question.objectives)}"

    async def find(self, question: Question) -> Sequence[Hit]:
        """Return the best video; raises SourceSkipped without a key."""
        if not self._key:
            raise SourceSkipped("no key")
        parameters = {
            "part": "snippet",
            "type": "video",
            "q": _words(question),
            "maxResults": str(SEARCH_LIMIT),
            "relevanceLanguage": question.language.partition("-")[0],
            "safeSearch": "strict",
        }
        found = await self.get(_Search, f"{self._base_url}/search", parameters, self._headers())
        if not found.items:
            return []
        ids = ",".join(dict.fromkeys(item.id.videoId for item in found.items))
        details = {"part": "snippet,contentDetails,status", "id": ids}
        videos = await self.get(_Videos, f"{self._base_url}/videos", details, self._headers())
        fitting = [
            video
            for video in videos.items
            if video.snippet.liveBroadcastContent == "none"
            and SHORTEST_SECONDS <= video.seconds <= LONGEST_SECONDS
        ]
        titled = [(unescape(video.snippet.title), video) for video in fitting]
        chosen = best_titled(question, titled, 1)
        return [await self._hit(video, question) for video in chosen]

    async def _hit(self, video: _Video, question: Question) -> Hit:
        snippet, captions, stretches = video.snippet, "none", list[Snippet]()
        try:
            said = await read_captions(
                video.id,
                question.language,
                timeout_seconds=self.timeout_seconds * CAPTIONS_SHARE,
                origin=self._captions_origin,
            )
            stretches, captions = windows(said), "read" if said else "none"
        except CaptionsBlocked:
            captions = "blocked"
        url = f"https://www.youtube.com/watch?v={video.id}"
        title, channel = plain_prose(unescape(snippet.title)), plain_prose(unescape(snippet.channelTitle))
        free = video.status.license == "creativeCommon"
        description = plain_prose(snippet.description)[:900]
        passages = caption_passages(stretches) or [Passage(text=text) for text in (description or title,)]
        return Hit(
            title=title,
            author=channel,
            url=url,
            licence="CC-BY-3.0" if free else STANDARD_LICENCE,
            licence_url="https://creativecommons.org/licenses/by/3.0/" if free else STANDARD_LICENCE_URL,
            open_licence=free,
            language=question.language,
            retrieved_at=datetime.now(UTC),
            passages=tuple(passages),
            video=FoundVideo.model_validate(
                {
                    "id": video.id,
                    "title": title,
                    "channel": channel,
                    "url": url,
                    "duration": clock(video.seconds),
                    "key_moments": chapters(snippet.description, video.seconds)
                    or key_moments(question, stretches, None if free else MOST_QUOTED_WORDS),
                    "captions": captions,
                }
            ),
        )

    def _headers(self) -> dict[str, str]:
        # In a header and not in the address, which stands in logs and in the text of errors.
        return {"X-Goog-Api-Key": self._key}


def _words(question: Question) -> str:
    words = search_words(question)
    return f"{words.narrow} {words.meaning}".strip()
