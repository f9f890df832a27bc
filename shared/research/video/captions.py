"""Reading a video's captions by youtube-transcript-api, bounded, and from YouTube alone.

YouTube has no public API for other people's captions, and it blocks many cloud addresses: captions are a
gift, never something to rely on.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.research.fetching.prose import plain_prose
from shared.research.http import CONNECT_SECONDS
from shared.research.protocol import SourceFailed

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

YOUTUBE = "https://www.youtube.com"
MAX_BYTES = 4_000_000
MAX_SNIPPETS = 20_000
MAX_SNIPPET_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Snippet:
    """What is said from a second on."""

    seconds: float
    text: str


class CaptionsBlocked(SourceFailed):
    """YouTube does not let this machine read captions, or cannot be reached."""


async def read_captions(
    video_id: str, language: str, *, timeout_seconds: float, origin: str = YOUTUBE
) -> list[Snippet]:
    """Return the captions in a language, else in English; empty when the video has none in either.

    `origin` stands for YouTube where tests have another. Raises `CaptionsBlocked`.
    """
    try:
        # The library waits for the network in its own thread; a thread cannot be stopped, so its own
        # time-outs end it.
        async with asyncio.timeout(timeout_seconds):
            return await asyncio.to_thread(_read, video_id, language, timeout_seconds, origin)
    except TimeoutError:
        raise CaptionsBlocked(f"captions did not come within {timeout_seconds:g} s") from None


def _read(video_id: str, language: str, timeout_seconds: float, origin: str) -> list[Snippet]:
    from requests import RequestException
    from youtube_transcript_api import (
        NoTranscriptFound,
        TranscriptsDisabled,
        VideoUnavailable,
        VideoUnplayable,
        YouTubeTranscriptApi,
        YouTubeTranscriptApiException,
    )

    wanted = dict.fromkeys((language, language.partition("-")[0], "en"))
    with _session(timeout_seconds, origin) as session:
        try:
            found = YouTubeTranscriptApi(http_client=session).fetch(video_id, languages=list(wanted))
        except (NoTranscriptFound, TranscriptsDisabled, VideoUnavailable, VideoUnplayable):
            return []
        except (YouTubeTranscriptApiException, RequestException) as error:
            raise CaptionsBlocked(f"captions are blocked ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError, AttributeError, SyntaxError):
            # The library trusts what YouTube answers; XML that does not parse is a SyntaxError.
            raise CaptionsBlocked("captions came in an unknown shape") from None
    snippets = [
        Snippet(float(one.start), plain_prose(one.text[:MAX_SNIPPET_CHARACTERS]))
        for one in found.snippets[:MAX_SNIPPETS]
    ]
    return [one for one in snippets if one.text and 0 <= one.seconds < 1_000_000]


def _session(timeout_seconds: float, origin: str) -> Session:
    """Return a session that reaches YouTube and nothing else, whatever addresses its answers name."""
    from requests import Session
    from requests.adapters import HTTPAdapter

    class _Bounded(HTTPAdapter):
        """Sends with a deadline for each read, and reads no more than it should."""

        def send(self, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
            request.url = (request.url or "").replace(YOUTUBE, origin, 1)
            del arguments
            timeouts = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
            options |= {"timeout": timeouts, "stream": True, "proxies": {}}
            response = super().send(request, **options)
            body = response.raw.read(MAX_BYTES + 1, decode_content=True)
            response.close()
            if len(body) > MAX_BYTES:
                raise ValueError("captions are too large")
            response.headers.pop("content-encoding", None)
            response.raw = io.BytesIO(body)
            return response

    session = Session()
    session.trust_env = False
    session.max_redirects = 2
    session.adapters.clear()
    session.mount(f"{YOUTUBE}/", _Bounded())
    return session
