"""What the sources that ask over the network share: deadlines, pauses, and what their answers depend on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict

from shared.research.http import get_model
from shared.research.limits import Limits, by_status
from shared.research.protocol import Hit, Question, ResearchError, SourceLimited
from shared.settings import SourceSettings

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


class Wire(BaseModel):
    """What an API answers: fields of other purposes are ignored, those used are checked."""

    model_config = ConfigDict(extra="ignore", strict=True)


def gathered(answers: Sequence[T | BaseException | None]) -> list[T]:
    """Return what several requests brought, of `gather(..., return_exceptions=True)`.

    One that fails costs the others nothing: a failure is raised only where nothing was brought. A defect
    always is.
    """
    brought = [answer for answer in answers if answer is not None and not isinstance(answer, BaseException)]
    for answer in answers:
        if isinstance(answer, BaseException) and (not brought or not isinstance(answer, ResearchError)):
            raise answer
    return brought


class NetworkSource(ABC):
    """A source that somebody else serves: it may ask to be left alone, and its answers may be kept."""

    name: str
    limits: Limits = staticmethod(by_status)

    def __init__(self, settings: SourceSettings, http: httpx.AsyncClient) -> None:
        """Take the settings of this source and the client to ask with."""
        self.timeout_seconds = settings.timeout_seconds
        self.paused_until = datetime.min.replace(tzinfo=UTC)
        self._http = http
        self._base_url = (settings.base_url or "").rstrip("/")
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""

    @abstractmethod
    def query(self, question: Question) -> str:
        """Return what the answer depends on: questions with the same query get the same answer."""

    @abstractmethod
    async def find(self, question: Question) -> Sequence[Hit]:
        """Ask, without regard to pauses; raises `ResearchError`."""

    def pause(self, until: datetime) -> None:
        """Ask nothing until then."""
        self.paused_until = max(self.paused_until, until)

    async def search(self, question: Question) -> Sequence[Hit]:
        """Return what was found, best first; raises `ResearchError`, without asking during a pause."""
        if datetime.now(UTC) < self.paused_until:
            raise SourceLimited(self.paused_until)
        try:
            return [hit for hit in await self.find(question) if hit.passages]
        except SourceLimited as error:
            self.pause(error.until)
            raise

    async def get(
        self,
        model: type[M],
        url: str,
        parameters: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> M:
        """Return the validated answer of this source's API."""
        options: dict[str, Any] = {
            "parameters": parameters or {},
            "headers": headers,
            "timeout_seconds": self.timeout_seconds,
            "limits": self.limits,
            "pause": self.pause,
        }
        return await get_model(model, self.name, self._http, url, **options)
