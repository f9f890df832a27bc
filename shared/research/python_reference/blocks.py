"""Splitting documentation in plain text into blocks by blank lines and indentation.

The topics are what Sphinx's text builder makes of reStructuredText: paragraphs, signatures with an indented
description, bullet points, grid tables, literal blocks indented below the paragraph that introduces them.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a block is."""

    HEADING = auto()
    PARAGRAPH = auto()
    LABEL = auto()
    SIGNATURE = auto()
    ITEM = auto()
    TABLE = auto()
    SESSION = auto()
    CODE = auto()
    GRAMMAR = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its lines without the common indentation, and that indentation in characters."""

    kind: Kind
    indent: int
    lines: tuple[str, ...]

    @property
    def is_code(self) -> bool:
        """Tell whether this is a program or a session of the interpreter."""
        return self.kind in (Kind.SESSION, Kind.CODE)


# Of a hundred characters of a program or a terminal, more than this many are signs or digits.
PROSE_SIGNS = 0.04

_underline = re.compile(r"([*=\-~^\"])\1{2,}")
# "Note:" and its like stand alone above what they introduce.
_label = re.compile(r"(?:Note|Warning|Important|Tip|Hint|Caution|Attention|See also):")
_item = re.compile(r"(?:\*|-|\d{1,2}\.|[a-z]\))\s+\S")
# Words that go on with a sentence which code has interrupted: "was translated to".
_goes_on = re.compile(r"[a-z]+(?: [a-z]+)+")
# Productions are written `name ::= ...`, since Python 3.13.2 `name: "..." ...`.
_grammar = re.compile(r"\w+\s*::=|[a-z]\w*:\s+(?:[\"\[(<]|\w+(?:_\w+)+\b)")
_prose = re.compile(r"[A-Z][\w’'-]*[,]? .*[.:!?]", re.DOTALL)


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _chunks(text: str) -> list[list[str]]:
    """Return the runs of lines between blank lines; a session begins a run of its own."""
    chunks: list[list[str]] = [[]]
    for line in text.expandtabs().splitlines():
        if line.strip():
            is_prompt = line.lstrip().startswith(">>>")
            if is_prompt and chunks[-1] and not chunks[-1][0].lstrip().startswith(">>>"):
                chunks.append([])
            chunks[-1].append(line.rstrip())
        elif chunks[-1]:
            chunks.append([])
    return [chunk for chunk in chunks if chunk]


def is_python(source: str) -> bool:
    """Tell whether a text is a program: it parses, and it is more than comments or a list of names."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(body) and not all(_is_list_of_names(one) for one in body)


def _is_list_of_names(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Tuple)
        and all(isinstance(item, ast.Name) for item in statement.value.elts)
    )


def _does_something(chunk: Sequence[str]) -> bool:
    """Tell whether lines at the text's own indentation are a program: they parse and are more than words."""
    try:
        body = ast.parse("\n".join(chunk)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(not isinstance(one, ast.Expr) or isinstance(one.value, ast.Call) for one in body)


def _looks_like_prose(body: str) -> bool:
    """Tell whether a block that is no Python reads like sentences or a list rather than like a terminal."""
    signs = len(re.findall(r"[()\[\]{}=<>_$@#\"'\d]", body))
    return len(body.split()) >= 6 and signs < PROSE_SIGNS * len(body)


def _is_program(chunks: list[list[str]], position: int, introduced: bool) -> bool:
    """Tell whether the chunk, indented below a paragraph, is a program, not prose, items or grammar."""
    first = chunks[position][0].strip()
    if _item.match(first) or first.startswith(("+-", "|")) or _grammar.match(first):
        return False
    body = textwrap.dedent("\n".join(chunks[position]))
    if _prose.fullmatch(body):
        return False
    if is_python(body) or is_python(f"try:\n    pass\n{body}"):
        return introduced or len(body.split()) > 1
    # A line that begins with a literal is a term or a statement about code.
    return introduced and not first.startswith('"') and not _looks_like_prose(body)


def _literal(chunks: list[list[str]], position: int) -> tuple[tuple[str, ...], int]:
    """Return the lines of the literal block that starts here, blank lines kept, and where it ends."""
    indent = _indent_of(chunks[position][0])
    end = position + 1
    while end < len(chunks) and min(map(_indent_of, chunks[end])) >= indent:
        end += 1
    joined = "\n\n".join("\n".join(chunk) for chunk in chunks[position:end])
    return tuple(textwrap.dedent(joined).splitlines()), end


def _unindented(chunks: list[list[str]], position: int) -> tuple[tuple[str, ...], int]:
    """Return the lines of a program at the text's own indentation, its indented parts kept, and its end."""
    indent = _indent_of(chunks[position][0])
    end = position + 1
    while end < len(chunks) and _indent_of(chunks[end][0]) > indent:
        end += 1
    joined = "\n\n".join("\n".join(chunk) for chunk in chunks[position:end])
    return tuple(textwrap.dedent(joined).splitlines()), end


def _session(chunks: list[list[str]], position: int) -> tuple[tuple[str, ...], int]:
    """Return the lines of an interpreter session at the text's own indentation, and where it ends."""
    end = position + 1
    indent = _indent_of(chunks[position][0])
    while end < len(chunks) and chunks[end][0].startswith(" " * indent + ">>>"):
        end += 1
    joined = "\n\n".join("\n".join(chunk) for chunk in chunks[position:end])
    return tuple(textwrap.dedent(joined).splitlines()), end


def _items(chunk: list[str]) -> Iterator[Block]:
    """Split a chunk of bullet points that have no blank lines between them."""
    indent = _indent_of(chunk[0])
    current: list[str] = []
    for line in chunk:
        if current and _indent_of(line) == indent and _item.match(line.strip()):
            yield Block(Kind.ITEM, indent, tuple(current))
            current = []
        current.append(line.strip())
    yield Block(Kind.ITEM, indent, tuple(current))


def _is_signature(chunks: list[list[str]], position: int) -> bool:
    """Tell whether a chunk names what the deeper chunk after it describes."""
    chunk = chunks[position]
    indent = _indent_of(chunk[0])
    if position + 1 >= len(chunks) or _indent_of(chunks[position + 1][0]) <= indent:
        return False
    if chunk[-1].endswith((".", ":", ",", ";")) or any(_indent_of(line) != indent for line in chunk):
        return False
    if is_python(textwrap.dedent("\n".join(chunks[position + 1]))):
        return False
    return all(re.match(r"[\w@]", line.strip()) for line in chunk) and not _prose.match(
        chunk[0].strip() + "."
    )


def _definition(chunk: list[str]) -> list[Block] | None:
    """Split a term and its description, which follows at once and deeper; None if the chunk is none."""
    indent = _indent_of(chunk[0])
    if len(chunk) < 2 or any(_indent_of(line) <= indent for line in chunk[1:]):
        return None
    body = tuple(line.strip() for line in chunk[1:])
    return [
        Block(Kind.SIGNATURE, indent, (chunk[0].strip(),)),
        Block(Kind.PARAGRAPH, _indent_of(chunk[1]), body),
    ]


def _introduced_program(chunk: list[str]) -> list[Block] | None:
    """Split a paragraph and the program that follows it at once and deeper; None if the chunk is none."""
    indent = _indent_of(chunk[0])
    start = next((number for number, line in enumerate(chunk) if _indent_of(line) > indent), 0)
    if not start or not chunk[start - 1].endswith(":") or min(map(_indent_of, chunk[start:])) <= indent:
        return None
    program = textwrap.dedent("\n".join(chunk[start:]))
    if not is_python(program) or len(program.split()) < 2:
        return None
    return [
        Block(Kind.PARAGRAPH, indent, tuple(line.strip() for line in chunk[:start])),
        Block(Kind.CODE, _indent_of(chunk[start]), tuple(program.splitlines())),
    ]


def _marked(lines: Sequence[str]) -> Kind | None:
    """Return the kind of a chunk that its first line gives away."""
    if _label.fullmatch(lines[0]) and len(lines) == 1:
        return Kind.LABEL
    if lines[0].startswith("+-"):
        return Kind.TABLE
    return Kind.GRAMMAR if _grammar.match(lines[0]) else None


def _plain(chunks: list[list[str]], position: int, *, after_code: bool) -> list[Block]:
    """Return the blocks of a chunk that is no literal block."""
    chunk = chunks[position]
    indent = _indent_of(chunk[0])
    stripped = tuple(line.strip() for line in chunk)
    if len(chunk) >= 2 and _underline.fullmatch(stripped[1]) and len(stripped[1]) >= len(stripped[0]) - 2:
        rest = [Block(Kind.PARAGRAPH, indent, stripped[2:])] if len(chunk) > 2 else []
        return [Block(Kind.HEADING, indent, stripped[:1]), *rest]
    marked = _marked(stripped)
    if marked:
        return [Block(marked, indent, stripped)]
    if _item.match(stripped[0]):
        return list(_items(chunk))
    goes_on = after_code and _goes_on.fullmatch(stripped[0]) is not None
    kind = Kind.SIGNATURE if _is_signature(chunks, position) and not goes_on else Kind.PARAGRAPH
    return _introduced_program(chunk) or _definition(chunk) or [Block(kind, indent, stripped)]


def split_blocks(text: str) -> list[Block]:
    """Return the blocks of a text in their order; reads each line a bounded number of times."""
    chunks = _chunks(text)
    blocks: list[Block] = []
    position = 0
    while position < len(chunks):
        first = chunks[position][0]
        indent = _indent_of(first)
        above = blocks[-1] if blocks else None
        deeper = above is not None and indent > above.indent and above.kind in (Kind.PARAGRAPH, Kind.ITEM)
        introduced = deeper and above is not None and above.lines[-1].endswith(":")
        if first.strip().startswith(">>>"):
            lines, position = (_literal if deeper else _session)(chunks, position)
            blocks.append(Block(Kind.SESSION, indent, lines))
        elif deeper and _is_program(chunks, position, introduced):
            lines, position = _literal(chunks, position)
            blocks.append(Block(Kind.CODE, indent, lines))
        elif (
            above is not None
            and above.kind is Kind.PARAGRAPH
            and above.lines[-1].endswith(":")
            and indent == above.indent
            and not _is_signature(chunks, position)
            and _does_something([line[indent:] for line in chunks[position]])
        ):
            lines, position = _unindented(chunks, position)
            blocks.append(Block(Kind.CODE, indent, lines))
        else:
            blocks.extend(_plain(chunks, position, after_code=above is not None and above.is_code))
            position += 1
    return blocks
