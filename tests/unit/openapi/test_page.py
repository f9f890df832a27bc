"""The page of the API stands alone: no script, nothing from another host, every link leads somewhere."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest

from tests.support.function_table import api_description

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Elements(HTMLParser):
    """Every element with its attributes, and whether all are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.is_nested = True
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.is_nested &= not self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.is_nested &= bool(self._open) and self._open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return str(api_description()["page"])


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


def test_it_is_sound_html(page: str, elements: Elements) -> None:
    assert page.startswith("<!DOCTYPE html>")
    assert elements.is_nested


def test_it_holds_no_script_and_nothing_of_another_host(page: str, elements: Elements) -> None:
    """The host's own policy (host.json) allows styles in the page and nothing else."""
    assert {tag for tag, _ in elements.found}.isdisjoint(
        {"script", "iframe", "img", "link", "form", "object"}
    )
    for _, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "style"}]
        target = attributes.get("href") or "#"
        assert target.startswith("#") or target == "openapi.json"
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_leads_somewhere_and_every_operation_is_linked(elements: Elements) -> None:
    ids = Counter(attributes["id"] for _, attributes in elements.found if "id" in attributes)
    assert set(ids.values()) == {1}
    targets = {str(a["href"])[1:] for _, a in elements.found if str(a.get("href", "")).startswith("#")}
    assert targets <= set(ids)
    document = api_description()["document"]
    operations = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    assert operations <= targets
    assert {f"shape-{name}" for name in document["components"]["schemas"]} <= set(ids)


def test_every_shape_can_be_reached(elements: Elements) -> None:
    targets = {str(a["href"])[1:] for _, a in elements.found if str(a.get("href", "")).startswith("#")}
    shapes = {f"shape-{name}" for name in api_description()["document"]["components"]["schemas"]}
    assert shapes - targets == {"shape-ProblemDocument"}
