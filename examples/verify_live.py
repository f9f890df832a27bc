"""Asking everything that research relies on, once, over the real network: `make verify-live`.

For a person with network, never for CI: the shipped list of documentation sites, the addresses and anchors of
Python's reference, and the shape of every API. Prints a table; exits 0 only when nothing has failed. Keys are
read from the settings as the app reads them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import urldefrag

import httpx

from shared.clients import Clients
from shared.research.documentation.finding import SiteIndexes
from shared.research.documentation.sites import shipped_sites
from shared.research.fetching.fetcher import HTML, Fetcher
from shared.research.protocol import Question, ResearchError, SourceSkipped
from shared.research.python_reference.corpus import reference_pages
from shared.research.sources import create_source
from shared.settings import Settings, SourceSettings, load_settings

Verdict = Literal["ok", "skipped", "FAILED"]
PATIENCE_SECONDS = 30.0
AT_ONCE = 4
MDN = "https://developer.mozilla.org/"
QUESTION = Question(
    subject="Python",
    module_title="Control flow",
    lesson_title="For loops",
    objectives=("Repeat a block for each item of a list",),
)
WEB_QUESTION = Question(subject="JavaScript", module_title="Control flow", lesson_title="For loops")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    group: str
    name: str
    verdict: Verdict
    detail: str
    seconds: float


async def judged(group: str, name: str, ask: Callable[[], Awaitable[str]], gate: asyncio.Semaphore) -> Row:
    """Return the row of one check: what it says of itself, or why it failed."""
    async with gate:
        began = time.monotonic()
        verdict: Verdict = "ok"
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                detail = await ask()
        except SourceSkipped as error:
            verdict, detail = "skipped", str(error)
        except TimeoutError:
            verdict, detail = "FAILED", f"no answer within {PATIENCE_SECONDS:g} s"
        except ResearchError as error:
            verdict, detail = "FAILED", str(error)
        return Row(group, name, verdict, detail, time.monotonic() - began)


async def check_source(clients: Clients, settings: SourceSettings, question: Question) -> str:
    """Ask a source as a lesson would, with more patience."""
    patient = settings.model_copy(update={"timeout_seconds": PATIENCE_SECONDS})
    hits = await create_source(patient, clients.http).search(question)
    if not hits:
        raise ResearchError("answered, but found nothing")
    return f"{len(hits)} found, such as {hits[0].title}"


async def check_site(indexes: SiteIndexes, root: str) -> str:
    """List a documentation site's pages."""
    return f"{len(await indexes.entries(root)):,} pages listed"


async def check_anchors(fetcher: Fetcher, address: str, anchors: Sequence[str]) -> str:
    """Fetch a page of Python's documentation and look for the anchors that lessons link to."""
    page = await fetcher.fetch(
        address, site=httpx.URL(address), types=HTML, timeout_seconds=PATIENCE_SECONDS, limit=8_000_000
    )
    missing = [anchor for anchor in anchors if f'id="{anchor}"' not in page.text]
    if missing:
        raise ResearchError(f"no anchor {', '.join(missing[:5])}" + (" ..." if len(missing) > 5 else ""))
    return f"{len(anchors)} anchors"


def reference_anchors() -> dict[str, list[str]]:
    """Return the pages that the Python reference is linked at, each with its anchors."""
    found: dict[str, list[str]] = {}
    for page in reference_pages():
        address, anchor = urldefrag(page.url)
        anchors = found.setdefault(address, [])
        if anchor:
            anchors.append(anchor)
    return found


async def check_all(clients: Clients) -> list[Row]:
    """Make every check, a few at a time, and return the rows in the order of the table."""
    gate = asyncio.Semaphore(AT_ONCE)
    fetcher = Fetcher(user_agent=clients.http.headers["User-Agent"])
    indexes = SiteIndexes(fetcher, PATIENCE_SECONDS)
    checks: list[Awaitable[Row]] = []
    for settings in clients.settings.source_settings:
        checks.append(judged("API", settings.name, partial(check_source, clients, settings, QUESTION), gate))
        if settings.name == "docs":
            search = partial(check_source, clients, settings, WEB_QUESTION)
            checks.append(judged("API", "docs (MDN search)", search, gate))
    roots = {site.root for sites in shipped_sites().values() for site in sites}
    checks += [
        judged("site", root, partial(check_site, indexes, root), gate)
        for root in sorted(roots)
        if not root.startswith(MDN)  # it is searched, above
    ]
    anchors = await asyncio.to_thread(reference_anchors)
    checks += [
        judged("reference", address, partial(check_anchors, fetcher, address, anchors[address]), gate)
        for address in sorted(anchors)
    ]
    return await asyncio.gather(*checks)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows and, below them, how many there are of each verdict."""
    width = max((len(row.name) for row in rows), default=0)
    for row in rows:
        print(f"{row.verdict:8}{row.group:11}{row.name:{width}}  {row.seconds:5.1f} s  {row.detail[:120]}")
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("ok", "skipped", "FAILED")}
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def own_settings(environment: Mapping[str, str]) -> Settings:
    """Return settings of which only what research reads is the surroundings': keys, sites, contact."""
    own = {n: value for n, value in environment.items() if n.startswith(("RESEARCH_", "DOCS_SITES"))}
    return load_settings({**own, "AZURE_FUNCTIONS_ENVIRONMENT": "Development", "AUTH_MODE": "development"})


async def verify() -> int:
    """Check everything; returns the exit code."""
    clients = Clients(own_settings(os.environ))
    try:
        rows = await check_all(clients)
    finally:
        await clients.close()
    print_table(rows)
    return 1 if any(row.verdict == "FAILED" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(verify()))
