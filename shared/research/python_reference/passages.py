"""Making passages of documentation: what belongs together stays so, what teaches nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto

from shared.models.research import Passage
from shared.research.python_reference.blocks import Block, Kind, is_python, split_blocks
from shared.research.python_reference.inline import clean_docstring, clean_topic
from shared.research.python_reference.tables import table_rows
from shared.text.sentences import split_sentences

MAX_TEXT = 1000
# Descriptions of different names share a passage only while they are short.
MAX_RUN = 300
MAX_CODE = 1800

_version_note = re.compile(
    r"(?:Changed|New|Added|Deprecated|Removed)(?: since| in)? version |Deprecated since"
)
_dropped = re.compile(r"\*\*(?:CPython implementation detail|Source code):\*\*|={5,}|-{5,}|\(See section ")
_footnotes = re.compile(r"^-\[ Footnotes \]-$", re.MULTILINE)
_signature_keyword = re.compile(
    r"^(?:class|classmethod|staticmethod|static|async|exception|abstractmethod)\s+"
)
# An item of a docstring that describes a name: "- delimiter - specifies ..."
_described_name = re.compile(r"^- ([a-z_]{2,40}) - (?=\w)")
# What the documentation's own tests need to know.
_directive = re.compile(r"[ ]*#[ ]*doctest:[ ]*[+-]\w+.*$", re.MULTILINE)
_note_number = re.compile(r"(?:\(\d{1,2}\))+")


class _Role(Enum):
    """What the last passage ends with, which decides what may join it."""

    PROSE = auto()
    ITEM = auto()
    SIGNATURE = auto()


class _Writer:
    """Collects passages in reading order."""

    def __init__(self, clean: Callable[[Sequence[str]], str]) -> None:
        self.passages: list[Passage] = []
        self._clean = clean
        self._section = ""
        self._signatures: list[tuple[int, str]] = []
        self._pending = ""
        self._last: _Role | None = None
        self._skipped_indent: int | None = None

    def add(self, block: Block) -> None:
        """Take the next block."""
        if self._skipped_indent is not None and block.indent > self._skipped_indent:
            return
        self._skipped_indent = None
        if block.kind is Kind.HEADING:
            self._signatures.clear()
            self._section = self._clean(block.lines)
            self._last = None
            return
        while self._signatures and block.indent <= self._signatures[-1][0]:
            self._signatures.pop()
        if block.kind is Kind.LABEL:
            self._skipped_indent = block.indent if block.lines[0] == "See also:" else None
        elif block.kind is Kind.SIGNATURE:
            self._begin_signature(block)
        elif block.is_code:
            self._add_code(block)
        elif block.kind is Kind.TABLE:
            for row in table_rows(block.lines):
                self._add_text(self._row(row), _Role.ITEM)
        elif block.kind is Kind.GRAMMAR:
            self._close_introduction()
        else:
            self._add_prose(block)

    @property
    def _heading(self) -> str:
        return self._signatures[-1][1] if self._signatures else self._section

    def _begin_signature(self, block: Block) -> None:
        names = [self._clean([_signature_keyword.sub("", line)]).strip("`:") for line in block.lines]
        is_code = all(is_python(name) or "(" in name or "." in name for name in names)
        self._signatures.append((block.indent, re.sub(r"\(.+\)", "()", names[0])))
        self._pending = "`" + "`, `".join(names) + "`: " if is_code else f"{names[0]}: "

    def _close_introduction(self) -> None:
        """End with a full stop what introduced something that is left out."""
        if self._last is not None and self.passages[-1].text.endswith(":"):
            last = self.passages[-1]
            self.passages[-1] = last.model_copy(update={"text": f"{last.text[:-1]}."})
        self._last = None

    def _row(self, row: Sequence[str]) -> str:
        cells = [self._clean([cell]) for cell in row if cell and not _note_number.fullmatch(cell)]
        text = "- " + ": ".join(cells)
        return text if text.endswith((".", ":", "!", "?")) else f"{text}."

    def _add_prose(self, block: Block) -> None:
        text = self._clean(block.lines)
        first = block.lines[0]
        if _version_note.match(first):
            self._skipped_indent = block.indent
        elif block.kind is Kind.ITEM:
            item = re.sub(r"^[*-]\s+", "- ", text)
            self._add_text(_described_name.sub(r"- `\1`: ", item), _Role.ITEM)
        elif text and not _dropped.match(first):
            self._add_text(text, _Role.SIGNATURE if self._pending else _Role.PROSE)

    def _add_text(self, text: str, role: _Role) -> None:
        text, self._pending = self._pending + text, ""
        last = self.passages[-1] if self._last is not None else None
        is_run = role is self._last and role is not _Role.PROSE
        is_introduced = last is not None and last.text.endswith(":") and role is not _Role.SIGNATURE
        self._last = role
        bound = MAX_RUN if role is _Role.SIGNATURE else MAX_TEXT
        if last is not None and (is_run or is_introduced) and len(last.text) + len(text) < bound:
            self.passages[-1] = last.model_copy(update={"text": f"{last.text}\n{text}"})
            return
        for part in _bounded(text):
            self.passages.append(Passage(heading=self._heading, text=part))

    def _add_code(self, block: Block) -> None:
        code = _directive.sub("", "\n".join(block.lines).strip("\n"))
        if len(code) > MAX_CODE:
            self._close_introduction()
            return
        self._last, self._pending = None, ""
        language = "python" if block.kind is Kind.SESSION or is_python(code) else ""
        self.passages.append(Passage(kind="code", heading=self._heading, text=code, language=language))


def _bounded(text: str) -> list[str]:
    """Split a long text between sentences into parts of at most about `MAX_TEXT` characters."""
    if len(text) <= MAX_TEXT:
        return [text]
    parts: list[str] = []
    for sentence in split_sentences(text):
        if parts and len(parts[-1]) + len(sentence) < MAX_TEXT:
            parts[-1] += " " + sentence
        else:
            parts.append(sentence[: 2 * MAX_TEXT])
    return parts


def _passages(text: str, clean: Callable[[Sequence[str]], str]) -> list[Passage]:
    writer = _Writer(clean)
    for block in split_blocks(text):
        writer.add(block)
    return [passage for passage in writer.passages if passage.text.strip()]


def topic_passages(text: str) -> list[Passage]:
    """Return a topic's passages: prose and tables as text, programs and sessions verbatim as code.

    Grammar productions, version notes, footnotes and pointers to other pages are left out.
    """
    return _passages(_footnotes.split(text)[0], clean_topic)


def docstring_passages(text: str) -> list[Passage]:
    """Return the passages of a docstring whose indentation is already cleaned (`inspect.getdoc`)."""
    return _passages(text, clean_docstring)
