"""A lesson as text for a terminal: wrapped prose, indented code, sources at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.lessons.exercise_solution import is_code
from shared.lessons.phrases import Phrases
from shared.lessons.rendering.blocks import section_parser
from shared.lessons.rendering.facts import VersionFacts, facts_line, why_lines
from shared.lessons.rendering.markdown import LETTERS, answer_of, answered
from shared.models.content import ShownContent, ShownQuestion
from shared.models.library import SourceAttribution
from shared.security.clean_text import clean_text
from shared.security.sanitising import safe_url

if TYPE_CHECKING:
    from markdown_it.token import Token

_LEAST_WIDTH = 30
_BOLD, _DIM, _CYAN, _END = "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m"


def to_terminal(
    lesson_title: str,
    content: ShownContent,
    version_facts: VersionFacts,
    attribution: Sequence[SourceAttribution],
    *,
    width: int = 80,
    colour: bool = False,
) -> str:
    """Return the lesson in lines of at most `width` characters (code excepted); `colour` adds ANSI codes.

    Stored text cannot bring control sequences of its own: they are removed from it.
    """
    writer = _Writer(max(_LEAST_WIDTH, width), colour=colour)
    phrases = Phrases.of(version_facts.language)
    lines = _lesson(writer, phrases, lesson_title, content, version_facts, attribution)
    return "\n".join(lines).strip("\n") + "\n"


class _Writer:
    """Turns pieces of a lesson into lines."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self._width = width
        self._colour = colour

    def _styled(self, text: str, style: str) -> str:
        return f"{style}{text}{_END}" if self._colour else text

    def title(self, text: str) -> Iterator[str]:
        """The lesson's name, underlined."""
        for line in textwrap.wrap(plain_text(text), self._width):
            yield self._styled(line, _BOLD)
        yield "=" * min(self._width, len(plain_text(text)))

    def heading(self, text: str) -> Iterator[str]:
        """A part's name with a blank line before it."""
        yield ""
        for line in textwrap.wrap(plain_text(text), self._width):
            yield self._styled(line, _BOLD + _CYAN)
        yield self._styled("-" * min(self._width, len(plain_text(text))), _CYAN)

    def text(self, text: str, first: str = "", rest: str | None = None) -> Iterator[str]:
        """Wrapped paragraphs behind a prefix."""
        following = " " * len(first) if rest is None else rest
        for number, line in enumerate(clean_text(text).split("\n")):
            prefix = following if number else first
            shown = textwrap.wrap(
                line, self._width, initial_indent=prefix, subsequent_indent=following, break_on_hyphens=False
            )
            yield from shown or [prefix.rstrip()]

    def note(self, text: str) -> Iterator[str]:
        """Wrapped small print."""
        for line in self.text(plain_text(text)):
            yield self._styled(line, _DIM)

    def code(self, code: str, prefix: str = "") -> Iterator[str]:
        """Code as it is, indented; never wrapped."""
        for line in clean_text(code).expandtabs(4).strip("\n").split("\n"):
            yield f"{prefix}    {line}".rstrip()

    def markdown(self, markdown: str) -> Iterator[str]:
        """A section's Markdown: quotations behind a bar, lists with bullets, code indented."""
        prefixes: list[str] = []
        bullet = ""
        for token in section_parser().parse(clean_text(markdown)):
            indent = "".join(prefixes)
            if token.type == "blockquote_open":
                prefixes.append("│ ")
            elif token.type == "list_item_open":
                bullet = f"{token.info}. " if token.info else "• "
                prefixes.append(" " * len(bullet))
            elif token.type in {"blockquote_close", "list_item_close"}:
                prefixes.pop()
            elif token.type in {"fence", "code_block"}:
                yield from self.code(token.content, indent)
                yield indent.rstrip()
            elif token.type == "inline":
                first = indent[: len(indent) - len(bullet)] + bullet if bullet else indent
                yield from self.text(inline_text(token), first, indent)
                bullet = ""
                yield indent.rstrip()


def _without_trailing_bars(lines: list[str]) -> Iterator[str]:
    """Drop the bar of a line with which a quotation would end empty, and blank lines that repeat."""
    shown: list[str] = []
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        ends_quotation = line.strip("│ ") == "" and not following.startswith("│")
        shown.append("" if ends_quotation else line)
    while shown and not shown[-1]:
        shown.pop()
    return (line for line, before in zip(shown, ["", *shown], strict=False) if line or before)


def plain_text(text: str) -> str:
    """Return a plain field on one line, without control characters."""
    return " ".join(clean_text(text).split())


def inline_text(token: Token) -> str:
    """Return the text of an inline token; links keep their label only, since the sources stand at the end."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type in {"softbreak", "hardbreak"}:
            parts.append(" " if child.type == "softbreak" else "\n")
        else:
            parts.append(f"`{child.content}`" if child.type == "code_inline" else child.content)
    return "".join(parts)


def _lesson(
    writer: _Writer,
    phrases: Phrases,
    title: str,
    content: ShownContent,
    facts: VersionFacts,
    attribution: Sequence[SourceAttribution],
) -> Iterator[str]:
    yield from writer.title(title)
    yield from writer.note(" · ".join(facts_line(facts, content)))
    yield ""
    for paragraph in content.summary.split("\n\n"):
        yield from writer.text(plain_text(paragraph))
        yield ""
    yield from writer.heading(phrases("label_objectives"))
    for objective in content.objectives:
        yield from writer.text(plain_text(objective), "• ")
    if content.key_concepts:
        yield from writer.heading(phrases("label_concepts"))
        for concept in content.key_concepts:
            yield from writer.text(f"{plain_text(concept.term)}: {plain_text(concept.definition)}", "• ")
    yield from _sections(writer, phrases, content)
    for diagram in content.diagrams:
        yield from writer.heading(diagram.title)
        yield from writer.text(plain_text(diagram.alt_text))
    yield from _practice(writer, phrases, content)
    yield from _solutions(writer, phrases, content)
    sources = [
        f"{source.title}, {source.author}, {source.licence}, {safe_url(source.url)}" for source in attribution
    ]
    yield from _bullets(writer, phrases("label_sources"), sources)
    yield from _bullets(writer, phrases("label_why"), why_lines(facts, attribution))


def _sections(writer: _Writer, phrases: Phrases, content: ShownContent) -> Iterator[str]:
    for section in content.sections:
        yield from writer.heading(section.heading)
        yield from _without_trailing_bars(list(writer.markdown(section.markdown)))
        if not section.source_ids:
            yield ""
            yield from writer.note(phrases("label_unsourced"))


def _bullets(writer: _Writer, heading: str, lines: Sequence[str]) -> Iterator[str]:
    """Give a list under a heading; nothing for an empty one."""
    if lines:
        yield from writer.heading(heading)
    for line in lines:
        yield from writer.text(plain_text(line), "• ")


def _practice(writer: _Writer, phrases: Phrases, content: ShownContent) -> Iterator[str]:
    """Give the exercises and the quiz."""
    if content.exercises:
        yield from writer.heading(phrases("label_exercises"))
    for number, exercise in enumerate(content.exercises, start=1):
        level = phrases(f"label_{exercise.difficulty}")
        yield from writer.text(f"{number}. {plain_text(exercise.title)} ({level})")
        yield from writer.text(plain_text(exercise.task), "   ")
        if exercise.starter_code.strip():
            yield ""
            yield from writer.code(exercise.starter_code, "   ")
        yield ""
    questions: Sequence[ShownQuestion] = content.quiz
    if questions:
        yield from writer.heading(phrases("label_quiz"))
    for number, question in enumerate(questions, start=1):
        lines = [plain_text(line) for line in question.question.split("\n")]
        yield from writer.text("\n".join(lines), f"{number}. ", "   ")
        for letter, option in zip(LETTERS, question.options, strict=True):
            yield from writer.text(plain_text(option), f"   {letter}) ")
        yield ""
    if questions and not answered(content):
        yield from writer.note(phrases("label_answers_later"))


def _solutions(writer: _Writer, phrases: Phrases, content: ShownContent) -> Iterator[str]:
    """Give the solutions of the exercises and the answers of the quiz."""
    questions = answered(content)
    if content.exercises or questions:
        yield from writer.heading(phrases("label_solutions"))
    for number, exercise in enumerate(content.exercises, start=1):
        if exercise.solution:
            yield phrases("label_exercise", number=number)
            if is_code(exercise):
                yield from writer.code(exercise.solution)
            else:
                yield from writer.text(plain_text(exercise.solution), "    ")
            yield ""
    for number, question in enumerate(questions, start=1):
        yield from writer.text(
            plain_text(answer_of(question)), f"{phrases('label_question', number=number)}: "
        )
        yield from writer.text(plain_text(question.explanation), "    ")
        yield ""
