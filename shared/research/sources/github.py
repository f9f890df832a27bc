"""GitHub: the most starred repositories on a subject and what their READMEs say.

`/search/repositories`, then `/repos/{name}/readme` (its content in Base64).
https://docs.github.com/en/rest/search/search#search-repositories
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from shared.computing import computed
from shared.research.fetching.passages import markdown_passages
from shared.research.http import NotThere
from shared.research.licences import OPEN_LICENCES, licence_url
from shared.research.limits import of_github
from shared.research.network_source import NetworkSource, Wire, gathered
from shared.research.protocol import Hit, Question
from shared.research.subjects import software_words

MAX_REPOSITORIES = 3
SEARCH_LIMIT = 6
LEAST_STARS = 50

FullName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$")]


class _Licence(Wire):
    spdx_id: str | None = None


class _Repository(Wire):
    full_name: FullName
    description: str | None = None
    stargazers_count: int = 0
    archived: bool = False
    license: _Licence | None = None


class _Repositories(Wire):
    items: list[_Repository] = Field(max_length=100)


class _Readme(Wire):
    encoding: str = ""
    content: str = Field(default="", max_length=900_000)


class GitHubSource(NetworkSource):
    """Looks a lesson up in the READMEs of well-known repositories."""

    name = "github"
    limits = staticmethod(of_github)

    def query(self, question: Question) -> str:
        """Return the search."""
        words = software_words(question)
        return f"{words.narrow} stars:>={LEAST_STARS} in:name,description,topics,readme"

    async def find(self, question: Question) -> Sequence[Hit]:
        """Return the READMEs of the repositories found; raises only if none can be read."""
        parameters = {"q": self.query(question), "sort": "stars", "per_page": str(SEARCH_LIMIT)}
        url = f"{self._base_url}/search/repositories"
        found = await self.get(_Repositories, url, parameters, self._headers())
        chosen = [one for one in found.items if not one.archived][:MAX_REPOSITORIES]
        return gathered(await asyncio.gather(*map(self._hit, chosen), return_exceptions=True))

    async def _hit(self, repository: _Repository) -> Hit | None:
        url = f"{self._base_url}/repos/{repository.full_name}/readme"
        try:
            readme = await self.get(_Readme, url, headers=self._headers())
        except NotThere:
            return None
        spdx = (repository.license.spdx_id if repository.license else None) or "no licence given"
        passages = await computed(markdown_passages, _decoded(readme), repository.full_name)
        return Hit(
            title=f"{repository.full_name}: {repository.description or 'README'}",
            author=repository.full_name.partition("/")[0],
            url=f"https://github.com/{repository.full_name}",
            licence=spdx if spdx != "NOASSERTION" else "its own licence",
            licence_url=licence_url(spdx),
            open_licence=spdx in OPEN_LICENCES,
            language="en",
            retrieved_at=datetime.now(UTC),
            passages=tuple(passages),
        )

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers


def _decoded(readme: _Readme) -> str:
    if readme.encoding != "base64":
        return ""
    try:
        return base64.b64decode(readme.content).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
