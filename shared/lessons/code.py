"""Code examples of sources: what they are, whether they hold, and the parts of an interpreter session."""

from __future__ import annotations

import ast
import builtins
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from shared.security.clean_text import clean_text

MAX_CHARACTERS = 3000
MAX_LINES = 40

_unsteady = re.compile(
    r" at 0x|\brandom|\btime\b|\bid\(|.\.\.\.$|\bnow\(|\btoken_|urandom|\bos\.|doctest: *\+"
    r"|['\" ]/\w+/\w+"
    r"|\bsys\.(?:argv|path|version|executable|get|maxsize|platform|std|hexversion|byteorder|flags|modules)",
    re.IGNORECASE | re.MULTILINE,
)
_grammar = re.compile(r"^\s*[\w.-]*\s*::=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One input of an interpreter session and what the interpreter printed (empty: nothing)."""

    entered: str
    printed: str


def tidy_code(code: str) -> str:
    """Return code without characters that no store can hold, without common indentation and blank edges."""
    lines = clean_text(code).expandtabs(4).split("\n")
    return textwrap.dedent("\n".join(line.rstrip() for line in lines)).strip("\n")


def is_usable(code: str) -> bool:
    """Tell whether code is an example of a length to learn from, and no grammar production."""
    lines = code.count("\n") + 1
    return (
        bool(code.strip())
        and lines <= MAX_LINES
        and len(code) <= MAX_CHARACTERS
        and not _grammar.search(code)
    )


def compiles(code: str) -> bool:
    """Tell whether Python 3 accepts the code as a module."""
    if len(code) > MAX_CHARACTERS * 3:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an example may show what one should not write
        try:
            compile(code, "<example>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return False
    return True


def parse_session(code: str) -> list[Step]:
    """Return the steps of a `>>>` session; empty where the code is none or an input is not valid Python."""
    if not code.startswith(">>>"):
        return []
    steps: list[Step] = []
    entered: list[str] = []
    printed: list[str] = []

    def close() -> None:
        if any(line.strip() for line in entered):
            steps.append(Step("\n".join(entered).rstrip(), "\n".join(printed).strip("\n")))

    for line in code.split("\n"):
        if line == ">>>" or line.startswith(">>> "):
            close()
            entered, printed = [line[4:]], []
        elif (line == "..." or line.startswith("... ")) and not printed:
            entered.append(line[4:])
        else:
            printed.append(line)
    close()
    return steps if all(compiles(step.entered) for step in steps) else []


def is_session(code: str) -> bool:
    """Tell whether the code is an interpreter session whose inputs are valid Python."""
    return bool(parse_session(code))


def is_steady(session: str) -> bool:
    """Tell whether a session prints the same on every machine and at every time, as far as its text tells."""
    return _unsteady.search(session) is None


def free_names(program: str, explained: Collection[str] = ()) -> set[str]:
    """Return the names that a valid program reads and neither binds nor could import.

    Whoever reads the page knows from where to import what it explains, modules of the standard library, and
    classes that are only called, such as exceptions.
    """
    return _unbound([program], explained, lambda name: name[:1].isupper())


def unknown_names(steps: Sequence[Step], explained: Collection[str] = ()) -> set[str]:
    """Return the names that a session reads without binding them.

    What it calls are mostly the functions that its page is about.
    """
    return _unbound([step.entered for step in steps], explained, lambda _: True)


def _unbound(
    programs: Sequence[str], explained: Collection[str], may_be_called: Callable[[str], bool]
) -> set[str]:
    known = {*dir(builtins), *sys.stdlib_module_names, *explained, "_"}
    unknown: set[str] = set()
    for program in programs:
        nodes = list(ast.walk(ast.parse(program)))
        called = {
            id(node.func)
            for node in nodes
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and may_be_called(node.func.id)
        }
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                known.add(node.name)
            elif isinstance(node, ast.alias):
                known.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.arg):
                known.add(node.arg)
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                known.add(node.name)
        used = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
        unknown |= used - known
    return unknown


def fence(code: str, language: str = "") -> str:
    """Return a Markdown code block that its content cannot close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{re.sub(r'[^a-z0-9+#-]', '', language.casefold())}\n{code}\n{marks}"
