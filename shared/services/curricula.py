"""Versions of shared curricula, kept in the process: once stored, a version never changes."""

from __future__ import annotations

from shared.clients import Clients
from shared.models.library import CurriculumVersion

MOST_KEPT = 64
"""A plan takes some 10 KB; all modules of a roadmap are outlined within minutes of its planning."""


class Curricula:
    """Reads each version once for all modules of it; get it by `clients.kept(Curricula)`."""

    def __init__(self, clients: Clients) -> None:
        self._documents = clients.documents
        self._kept: dict[tuple[str, int], CurriculumVersion] = {}

    async def version(self, key: str, number: int) -> CurriculumVersion:
        """Return a version; raises NotFound."""
        found = self._kept.get((key, number))
        if found is None:
            found = await self._documents.read(CurriculumVersion, key, CurriculumVersion.id_of(number))
            self.keep(found)
        return found

    def keep(self, version: CurriculumVersion) -> None:
        """Keep a version that is stored; the oldest makes room."""
        self._kept[version.key, version.version_number] = version
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
