"""Code examples of sources: what they are, whether they hold, and the parts of an interpreter session."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from shared.security.clean_text import clean_text

MAX_CHARACTERS = 3000
MAX_LINES = 40

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
        if entered:
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


def unknown_names(steps: Sequence[Step]) -> set[str]:
    """Return the names that a session uses as values without binding them.

    What it calls may have been imported; a learner who reads the module's documentation knows from where.
    """
    known = set(dir(builtins)) | {"_"}
    unknown: set[str] = set()
    for step in steps:
        nodes = list(ast.walk(ast.parse(step.entered)))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        called |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                known.add(node.name)
            elif isinstance(node, ast.alias):
                known.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.arg):
                known.add(node.arg)
        used = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
        unknown |= used - known
    return unknown


def fence(code: str, language: str = "") -> str:
    """Return a Markdown code block that its content cannot close."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{re.sub(r'[^a-z0-9+#-]', '', language.casefold())}\n{code}\n{marks}"
