"""requirements.txt is what the deployed app imports, in bounded ranges."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

import pytest

from tests.support.function_table import ROOT

DEPLOYED_PACKAGES = ("activities", "orchestrators", "shared", "triggers")

# The distribution of a package that is imported, where the name differs.
DISTRIBUTIONS = {
    "azure.core": "azure-core",
    "azure.cosmos": "azure-cosmos",
    "azure.durable_functions": "azure-functions-durable",
    "azure.functions": "azure-functions",
    "azure.identity": "azure-identity",
    "azure.servicebus": "azure-servicebus",
    "json_repair": "json-repair",
    "jwt": "PyJWT",
    "graphql": "graphql-core",
    "markdown_it": "markdown-it-py",
    "strawberry": "strawberry-graphql",
    "youtube_transcript_api": "youtube-transcript-api",
}
# Listed for another library, which imports it where it finds it.
IMPORTED_BY_OTHERS = {"lxml-html-clean", "sniffio"}

LINES = [
    line.strip()
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
LISTED = {re.split(r"[<>=~!\[]", line)[0] for line in LINES}


@pytest.mark.parametrize("line", LINES)
def test_every_range_has_both_bounds(line: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]+(\[[a-z]+\])?>=\d+(\.\d+)*,<\d+(\.\d+)*", line)


def test_everything_imported_is_listed() -> None:
    missing = {name: where for name, where in third_party_imports().items() if name not in LISTED}
    assert missing == {}


def test_nothing_unused_is_listed() -> None:
    assert LISTED - third_party_imports().keys() - IMPORTED_BY_OTHERS == set()


def third_party_imports() -> dict[str, str]:
    """Return the distributions that the deployed packages import, and one place of each."""
    found: dict[str, str] = {}
    files = [ROOT / "function_app.py"]
    files += [path for package in DEPLOYED_PACKAGES for path in (ROOT / package).rglob("*.py")]
    for path in files:
        for module in imported_modules(ast.parse(path.read_text(encoding="utf-8"))):
            parts = module.split(".")
            if parts[0] in sys.stdlib_module_names or parts[0] in DEPLOYED_PACKAGES:
                continue
            package = ".".join(parts[:2]) if parts[0] == "azure" else parts[0]
            found[DISTRIBUTIONS.get(package, package)] = str(path.relative_to(ROOT))
    return found


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from azure import functions` names its package in the second part.
            names = [f"azure.{alias.name}" for alias in node.names] if node.module == "azure" else []
            yield from names or [node.module]
