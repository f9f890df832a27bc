"""Cold start is a feature: importing the app does nothing that only some requests need."""

from __future__ import annotations

import json

import pytest

from tests.support.function_table import run_app_script

LAZY = (
    "azure.cosmos",
    "azure.identity",
    "azure.servicebus",
    "json_repair",
    "markdown_it",
    "nh3",
    "pydantic_settings",
    "trafilatura",
    "youtube_transcript_api",
    "requests",
    "publicsuffixlist",
    "lxml",
    "strawberry",
)

# What only requests and activities need: every model that is built costs milliseconds at cold start.
FIRST_USE = (
    "httpx",
    "shared.lessons",
    "shared.llm",
    "shared.messaging",
    "shared.models.inputs",
    "shared.models.library",
    "shared.models.roadmap",
    "shared.models.views",
    "shared.planning",
    "shared.research",
    "shared.store",
)


def imported_by(statement: str) -> set[str]:
    run = run_app_script(f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))")
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_app_imports_heavy_libraries_where_they_are_used() -> None:
    assert imported_by("import function_app").isdisjoint(LAZY)


def test_the_app_imports_its_own_rooms_when_they_are_first_entered() -> None:
    assert imported_by("import function_app").isdisjoint(FIRST_USE)


def test_every_room_is_named_as_it_is() -> None:
    assert imported_by(f"import function_app, {', '.join(FIRST_USE)}").issuperset(FIRST_USE)


@pytest.mark.parametrize("library", ["azure.cosmos", "nh3", "json_repair"])
def test_an_eager_import_would_be_noticed(library: str) -> None:
    assert library in imported_by(f"import {library}, function_app")


def test_neither_the_local_host_nor_the_tests_come_with_the_app() -> None:
    roots = {name.partition(".")[0] for name in imported_by("import function_app")}
    assert roots.isdisjoint({"devhost", "tests", "bench", "examples", "durabletask", "pytest"})


def test_garbage_is_looked_for_once_the_app_is_imported_but_not_in_it() -> None:
    run = run_app_script("import gc, function_app\nprint(gc.isenabled(), gc.get_freeze_count() > 10_000)")
    assert run.stdout.split() == ["True", "True"], run.stderr
