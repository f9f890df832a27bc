"""Functions of the standard library as examples: their own source, which is short, real and well tried.

The reference explains most statements without an example that does something. The library's modules are
written in the very language that it explains, and every Python brings them along as text.
"""

from __future__ import annotations

import ast
import inspect
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from shared.models.research import Passage
from shared.research.python_reference.inline import clean_docstring

SOURCE_CODE = "https://github.com/python/cpython/blob/v{version}/Lib/"
MAX_LINES = 30
# What is said in full in the paragraph above need not stand in the code again.
MAX_DOCSTRING_LINES = 3


@dataclass(frozen=True, slots=True)
class SourceExample:
    """A function or class: its dotted name, where its code stands, what is said of it, and the code."""

    label: str
    title: str
    url: str
    passages: tuple[Passage, ...]


_NAMES_BY_MODULE = {
    "ast": "walk iter_child_nodes",
    "bisect": "bisect_left insort_right",
    "calendar": "isleap leapdays weekday monthrange",
    "collections": "Counter.most_common Counter.elements Counter.subtract",
    "contextlib": "closing suppress nullcontext",
    "difflib": "IS_LINE_JUNK get_close_matches",
    "email.utils": "quote unquote",
    "enum": "unique",
    "fnmatch": "fnmatch filter",
    "genericpath": "commonprefix isfile",
    "getpass": "getuser",
    "heapq": "heappush heappop heapreplace heapify",
    "html": "escape",
    "ipaddress": "ip_address",
    "operator": "countOf indexOf contains not_",
    "posixpath": "basename dirname split",
    "queue": "LifoQueue PriorityQueue",
    "random": "Random.choice Random.shuffle Random.uniform Random.randint",
    "reprlib": "recursive_repr",
    "secrets": "randbelow token_hex token_urlsafe",
    "shlex": "join quote",
    "shutil": "copyfileobj",
    "statistics": "median median_low median_high multimode pstdev mean",
    "stat": "filemode",
    "subprocess": "getoutput getstatusoutput",
    "textwrap": "indent",
    "timeit": "Timer.timeit",
    "types": "prepare_class",
}


def source_examples() -> list[SourceExample]:
    """Return every example; without those of modules whose source is not at hand or lacks them."""
    return [
        example for module, names in _NAMES_BY_MODULE.items() for example in _examples(module, names.split())
    ]


def _examples(module: str, names: Sequence[str]) -> Iterator[SourceExample]:
    try:
        file = Path(import_module(module).__file__ or "")
        source = file.read_text(encoding="utf-8")
    except (ImportError, OSError, UnicodeDecodeError):
        return
    lines = source.splitlines()
    tree = ast.parse(source)
    path = module.replace(".", "/") + ("/__init__.py" if file.stem == "__init__" else ".py")
    for name in names:
        node = _find(tree, name)
        passages = tuple(_passages(f"{module}.{name}", node, lines)) if node else ()
        if node and passages:
            yield SourceExample(
                label=f"source/{module}.{name}",
                title=f"Source code of {module}.{name}",
                url=f"{SOURCE_CODE.format(version=platform.python_version())}{path}#L{node.lineno}",
                passages=passages,
            )


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _find(tree: ast.Module, name: str) -> Definition | None:
    """Return what a dotted name defines in the module; None where this Python has it not."""
    found: Definition | None = None
    body = tree.body
    for part in name.split("."):
        named = (node for node in body if isinstance(node, Definition) and node.name == part)
        found = next(named, None)
        if found is None:
            return None
        body = found.body
    return found


def _passages(name: str, node: Definition, lines: list[str]) -> Iterator[Passage]:
    docstring = ast.get_docstring(node) or ""
    first = clean_docstring(docstring.partition("\n\n")[0].splitlines())
    kept = list(range(node.lineno - 1, node.end_lineno or node.lineno))
    opening = node.body[0]
    if docstring and (opening.end_lineno or 0) - opening.lineno >= MAX_DOCSTRING_LINES:
        kept = [
            number for number in kept if not opening.lineno - 1 <= number <= (opening.end_lineno or 0) - 1
        ]
    if not first or len(kept) > MAX_LINES:
        return
    code = inspect.cleandoc("\n" + "\n".join(lines[number] for number in kept))
    yield Passage(heading=name, text=f"`{name}{_arguments(node)}`: {first}")
    yield Passage(kind="code", heading=name, text=code, language="python")


def _arguments(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return ""
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    return f"({arguments})" if len(arguments) < 80 else "()"
