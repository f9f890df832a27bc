"""The catalogue of problem codes is what the code raises: no more, no less, with the same statuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.function_table import ROOT, endpoint_rows
from triggers.problems import PROBLEMS


def raised() -> Iterator[tuple[str, str, str]]:
    """Give (place, status name, code) of every Problem that is made somewhere in the app."""
    for folder in ("shared", "triggers", "activities", "orchestrators"):
        for source in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "Problem"
                ):
                    status, code = node.args[:2]
                    place = f"{source.relative_to(ROOT)}:{node.lineno}"
                    assert isinstance(status, ast.Attribute), f"{place}: name the status here"
                    assert isinstance(code, ast.Constant), f"{place}: name the code here"
                    yield place, status.attr, str(code.value)


def test_every_code_that_is_raised_is_in_the_catalogue_with_its_status() -> None:
    found = list(raised())
    assert len(found) > 20
    for place, status, code in found:
        assert code in PROBLEMS, place
        assert PROBLEMS[code].status.name == status, place


def test_every_code_of_the_catalogue_is_raised() -> None:
    assert set(PROBLEMS) == {code for _, _, code in raised()}


def test_a_row_names_codes_of_the_catalogue() -> None:
    for name, row in endpoint_rows().items():
        assert set(row["problems"]) <= set(PROBLEMS), name
