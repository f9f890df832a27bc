"""The research sources: one file each, one line each in `SOURCES`, imported when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from shared.research.protocol import ResearchSource
from shared.settings import SourceSettings

if TYPE_CHECKING:
    import httpx

SourceFactory = Callable[[SourceSettings, "httpx.AsyncClient"], ResearchSource]


def _lazy(module: str, name: str) -> SourceFactory:
    """Return a factory that imports its module when it is called: cold start pays for no source."""

    def create(settings: SourceSettings, http: httpx.AsyncClient) -> ResearchSource:
        factory = cast("SourceFactory", getattr(import_module(f"{__name__}.{module}"), name))
        return factory(settings, http)

    return create


SOURCES: dict[str, SourceFactory] = {
    "docs": _lazy("docs", "DocsSource"),
    "stackoverflow": _lazy("stackoverflow", "StackOverflowSource"),
    "github": _lazy("github", "GitHubSource"),
    "devto": _lazy("devto", "DevToSource"),
    "youtube": _lazy("youtube", "YouTubeSource"),
    "wikipedia": _lazy("wikipedia", "WikipediaSource"),
    "pydoc": _lazy("pydoc", "PydocSource"),
}


def create_source(settings: SourceSettings, http: httpx.AsyncClient) -> ResearchSource:
    """Return the source that these settings name.

    A source remembers until when it is limited: keep it for as long as the client.
    """
    return SOURCES[settings.name](settings, http)
