"""Code: Python examples compile, interpreter sessions hold valid inputs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from shared.lessons.code import compiles, parse_session
from shared.lessons.gates.gate import Assignment, Finding, nothing, share, shortened
from shared.lessons.gates.texts import code_blocks
from shared.models.content import LessonContent

_PYTHON = frozenset({"python", "py", "python3", "pycon"})


def measure(content: LessonContent, _: Assignment) -> Finding:
    """Give the share of the Python blocks that are valid; other languages are not judged."""
    judged = [(place, holds(code)) for place, code in _examples(content)]
    if not judged:
        return nothing("The lesson holds no Python code.")
    broken = [place for place, is_valid in judged if not is_valid]
    reason = f"{len(judged) - len(broken)} of {len(judged)} Python examples are valid."
    objections = tuple(
        f"the Python code in {shortened(place)} does not compile; correct it, or, where the error is the "
        "point, name the block's language “text”"
        for place in broken
    )
    return Finding(share(len(judged) - len(broken), len(judged)), not broken, reason, objections)


def holds(code: str) -> bool:
    """Tell whether code is a valid session, module, or part of a function body."""
    code = textwrap.dedent(code).strip("\n")
    if code.startswith(">>>"):
        return bool(parse_session(code))
    return compiles(code) or compiles("async def example():\n" + textwrap.indent(code, "    "))


def _examples(content: LessonContent) -> Iterator[tuple[str, str]]:
    """Give (where it stands, code) for each block that says it is Python or looks like a session."""
    for section in content.sections:
        for block in code_blocks(section.markdown):
            if block.language in _PYTHON or block.code.lstrip().startswith(">>> "):
                yield f"the section “{section.heading}”", block.code
