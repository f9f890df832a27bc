"""Retrieved sources and the brief of one lesson."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.models.base import Model
from shared.models.content import KeyMoment


class Passage(Model):
    """A stretch of a source's text; `code` passages hold a code block verbatim."""

    kind: Literal["text", "code"] = "text"
    heading: str = ""
    text: str = Field(min_length=1)
    language: str = Field(default="", description="programming language of a code passage, when known")


class Source(Model):
    """A retrieved page: where it is from, who wrote it, under which licence, and its passages.

    `open_licence` is true only for a licence that allows quoting at length (public domain, CC BY, CC BY-SA,
    PSF and the like); anything else is quoted with at most 25 words and a link.
    """

    id: str = Field(pattern=r"^s[0-9]{1,3}$", description="s1, s2, ... within one brief")
    origin: str = Field(description="the research source that found it, such as wikipedia")
    title: str
    author: str
    url: str
    licence: str
    licence_url: str
    open_licence: bool
    language: str = "en"
    retrieved_at: datetime
    passages: list[Passage] = Field(min_length=1)


class SourceReport(Model):
    """What one research source answered: `found` results, or why there are none."""

    origin: str
    status: Literal["found", "empty", "limited", "failed", "skipped"]
    found: int = 0
    detail: str = Field(default="", description="why it failed or until when it is limited; for people")
    seconds: float = 0.0


class FoundVideo(Model):
    """A video on the lesson's topic, and the moments in it worth going to.

    `captions` tells whether what is said in it could be read; without them the moments are its maker's
    chapters or none, and the lesson has to stand without.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{11}$")
    title: str
    channel: str
    url: str
    duration: str = Field(default="", description='as shown to people, "1:02:03"')
    key_moments: list[KeyMoment] = Field(default_factory=list)
    captions: Literal["read", "none", "blocked"] = "none"


class Brief(Model):
    """The ranked sources of one lesson, best first, and what each research source answered.

    The page of the video, when there is one, is among the sources.
    """

    sources: list[Source]
    reports: list[SourceReport]
    video: FoundVideo | None = None
