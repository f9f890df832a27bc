"""`make verify-live` against fakes: a readable table, and an exit code that tells."""

from __future__ import annotations

import pytest

from examples import verify_live
from shared.clients import Clients
from shared.research.documentation.sites import Site
from shared.settings import load_settings
from tests.support.function_table import DEVELOPMENT
from tests.support.source_servers import Fault, SourceServers, settings_of


async def test_every_check_is_a_row_and_failures_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SourceServers() as servers:
        origin = servers.origin
        site = Site(f"{origin}/docs/llms/", "Somebody")
        monkeypatch.setattr(verify_live, "shipped_sites", lambda: {"go": (site,)})
        monkeypatch.setattr(verify_live, "reference_anchors", lambda: {"https://docs.invalid/x": ["a"]})
        servers.faults["github"] = Fault.WRONG_SHAPE
        settings = load_settings(
            {
                **DEVELOPMENT,
                **settings_of(origin),
                "RESEARCH_SOURCES": "docs,stackoverflow,github,devto,youtube,pydoc",
                "RESEARCH__YOUTUBE__API_KEY": "",
            }
        )
        clients = Clients(settings)
        try:
            rows = await verify_live.check_all(clients)
        finally:
            await clients.close()
    verify_live.print_table(rows)
    verdicts = {row.name: row.verdict for row in rows}
    assert verdicts["stackoverflow"] == verdicts["devto"] == verdicts["docs"] == verdicts["pydoc"] == "ok"
    assert (verdicts["youtube"], verdicts["github"]) == ("skipped", "FAILED")
    # Without leave to reach this machine, the guarded fetcher refuses the fake site and an unknown name.
    assert verdicts[site.root] == verdicts["https://docs.invalid/x"] == "FAILED"
    table = capsys.readouterr().out
    assert "github answered in an unknown shape (at items)" in table
    assert table.splitlines()[-1].endswith("3 FAILED")


def test_the_reference_has_addresses_and_anchors_to_check() -> None:
    anchors = verify_live.reference_anchors()
    assert any(anchors.values())
    assert all(address.startswith("https://") for address in anchors)


def test_only_what_research_reads_is_taken_from_the_surroundings() -> None:
    """A machine that is set up for something else can still ask the sources."""
    surroundings = {"AUTH_MODE": "jwt", "COSMOS_ENDPOINT": "nowhere", "RESEARCH_CONTACT": "team@example.org"}
    settings = verify_live.own_settings(surroundings)
    assert settings.research_contact == "team@example.org"
    assert settings.cosmos_endpoint is None
