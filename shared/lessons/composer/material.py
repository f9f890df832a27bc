"""What a brief holds for a lesson: readable sentences and usable code examples, each with its source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from shared.lessons.code import (
    compiles,
    free_names,
    is_session,
    is_usable,
    parse_session,
    tidy_code,
    unknown_names,
)
from shared.lessons.composer.readable import (
    cut_asides,
    introduces_code,
    is_readable,
    stands_alone,
    word_count,
)
from shared.models.research import Brief, Passage, Source
from shared.security.clean_text import clean_text
from shared.security.sanitising import split_code
from shared.text.constructs import constructs
from shared.text.sentences import split_sentences
from shared.text.stems import search_tokens

_role = re.compile(r":[a-z:]+:`~?([^`<]+?)(?:\s*<[^`>]*>)?`")
_double_backticks = re.compile(r"``([^`\n]+)``")
_emphasis = re.compile(r"(?<![\w*\"`\\])\*{1,2}(?=[^\s*])([^*\n]{1,80}?)(?<=[^\s*])\*{1,2}(?![\w*\"`])")
_note_mark = re.compile(r"(?<=[\w.,;:!?)”\"])\s?\[(?:\d{1,3}|note \d+|citation needed)\](?=[\s.,;:!?]|$)")
_link = re.compile(r"!?\[([^\]\[\n]+)\]\((?:[^()\s]|\([^()\s]*\))*\)")
_item = re.compile(r"\s*(?:[*•‣–-]|\d{1,2}[.)])\s+|(?=`[^`\n]+`: )")
_ruler = re.compile(r"^\s*([=*~^#\"'`-])\1{3,}\s*$|^\s*[+|]|^\s*\.\. \w+::|^\s*[\w.-]*\s*::=")


_entry = re.compile(r"`[^`\n]+`: ")
_spoken_of = re.compile(r"[^\W\d]\w*(?=\()|(?<=^- )[^\W\d]\w*(?=: )", re.MULTILINE)
_name = re.compile(r"[^\W\d]\w*")
_EXAMPLE_PASSAGES = 2
_LEAST_INTRODUCTION = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """A readable sentence: its paragraph within the passage, and whether unreadable text stood before it."""

    text: str
    paragraph: int
    is_item: bool
    after_gap: bool

    @property
    def tokens(self) -> list[str]:
        """The sentence's tokens."""
        return search_tokens(self.text)


@dataclass(frozen=True)
class Example:
    """A code example with the sentence that introduces it (or nothing)."""

    source: Source
    heading: str
    code: str
    language: str
    introduction: str
    explained: frozenset[str] = frozenset()
    """Names that its source is about: where they are imported from can be read there."""

    @cached_property
    def is_self_contained(self) -> bool:
        """Whether every name that the code reads is bound in it or can be imported."""
        if steps := parse_session(self.code):
            return not unknown_names(steps, self.explained)
        return compiles(self.code) and not free_names(self.code, self.explained)


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A passage of prose with the examples that follow it; `text` is all of it, unreadable parts included."""

    source: Source
    heading: str
    text: str
    sentences: tuple[Sentence, ...]
    examples: tuple[Example, ...]
    emphasised: tuple[str, ...]
    place: int
    rank: int

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands in the brief: its source's rank, its place among that source's excerpts."""
        return self.rank, self.place

    @cached_property
    def tokens(self) -> list[str]:
        """What the passage is found by: its source's title, its heading, its words, what its code does."""
        code = " ".join(constructs(example.code) for example in self.examples)
        return search_tokens(f"{self.source.title} {self.heading} {self.text} {code}")

    @cached_property
    def is_quotable(self) -> bool:
        """Whether a quotation can begin here: a sentence that stands alone and does not end in a colon."""
        return any(
            stands_alone(sentence.text) and not (sentence.text.endswith(":") and not self.examples)
            for sentence in self.sentences
        )

    @cached_property
    def words(self) -> int:
        """How many words of it can be shown, those of its first example among them."""
        shown = len(self.examples[0].code.split()) if self.examples else 0
        return shown + sum(word_count(sentence.text) for sentence in self.sentences)

    @cached_property
    def is_entry(self) -> bool:
        """Whether it explains a name of code, as an entry of a glossary does."""
        return _entry.match(self.text) is not None

    @property
    def is_mere_example(self) -> bool:
        """Whether its source is one description with its code, which explains nothing else."""
        return len(self.source.passages) <= _EXAMPLE_PASSAGES and bool(self.examples)

    @property
    def title(self) -> str:
        """What a quotation of it is credited to: its source's title."""
        return clean_line(self.source.title, 120) or self.heading or self.source.id


def clean_line(text: str, limit: int = 200) -> str:
    """Return a text as one line that every store holds, cut at a word where it is longer than `limit`."""
    line = " ".join(clean_text(text).split())
    return line if len(line) <= limit else line[: limit - 1].rsplit(" ", 1)[0].rstrip() + "…"


def plain(text: str) -> str:
    """Return a passage without invisible characters and without the marks of emphasis, roles and notes."""
    text = _double_backticks.sub(r"`\1`", _role.sub(r"`\1`", clean_text(text)))
    return "".join(
        piece if is_code else _emphasis.sub(r"\1", _link.sub(r"\1", _note_mark.sub("", piece)))
        for is_code, piece in split_code(text)
    )


def emphasised(text: str) -> tuple[str, ...]:
    """Return what a passage emphasises, which is mostly the terms that it defines."""
    pieces = [piece for is_code, piece in split_code(text) if not is_code]
    return tuple(
        dict.fromkeys(clean_line(match, 60) for piece in pieces for match in _emphasis.findall(piece))
    )


def paragraphs(text: str) -> list[tuple[bool, str]]:
    """Return (is a list item, text) of each paragraph of a plain text; tables and rulers are left out."""
    found: list[tuple[bool, str]] = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.split("\n")
        if any(_ruler.match(line) for line in lines):
            continue
        current: list[str] = []
        is_item = False
        for line in lines:
            mark = _item.match(line)
            if mark:
                found.append((is_item, " ".join(current)))
                current, is_item = [line[mark.end() :]], True
            else:
                current.append(line)
        found.append((is_item, " ".join(current)))
    return [(is_item, " ".join(words.split())) for is_item, words in found if words.strip()]


@lru_cache(maxsize=1_024)
def read_sentences(text: str, *, code_follows: bool) -> tuple[Sentence, ...]:
    """Return a plain text's readable sentences; one that ends in a colon only where its code follows."""
    sentences: list[Sentence] = []
    gap = False
    parts = [
        (number, is_item, sentence)
        for number, (is_item, paragraph) in enumerate(paragraphs(text))
        for sentence in split_sentences(paragraph)
    ]
    for place, (number, is_item, raw) in enumerate(parts):
        sentence = cut_asides(raw)
        is_last = place == len(parts) - 1
        if is_readable(sentence) or (is_last and code_follows and introduces_code(sentence)):
            sentences.append(Sentence(sentence, number, is_item, gap and bool(sentences)))
            gap = False
        else:
            gap = True
    return tuple(sentences)


def _explained(source: Source) -> frozenset[str]:
    """Return the names in a source's title and headings, and those that its text calls or lists."""
    headings = (source.title, *(passage.heading for passage in source.passages))
    texts = [passage.text for passage in source.passages if passage.kind == "text"]
    return frozenset(
        (
            *(name for heading in headings for name in _name.findall(heading)),
            *(name for text in texts for name in _spoken_of.findall(text)),
        )
    )


def _example(
    source: Source, passage: Passage, introduction: str, explained: frozenset[str]
) -> Example | None:
    code = tidy_code(passage.text)
    if not is_usable(code):
        return None
    language = "python" if is_session(code) else passage.language.casefold().strip()
    return Example(source, clean_line(passage.heading), code, language, introduction, explained)


def _introduction(sentences: Sequence[Sentence]) -> str:
    """Return the sentence that introduces the code after it; "Example:" says nothing of it."""
    last = sentences[-1].text if sentences else ""
    return last if word_count(last) >= _LEAST_INTRODUCTION and stands_alone(last) else ""


def _excerpts_of(source: Source, rank: int) -> Iterable[Excerpt]:
    """Read a source's passages in their order; code belongs to the prose before it under the same heading."""
    position = 0
    place = -1
    explained = _explained(source)
    while position < len(source.passages):
        passage = source.passages[position]
        position += 1
        place += 1
        code_passages: list[Passage] = []
        while position < len(source.passages) and source.passages[position].kind == "code":
            code_passages.append(source.passages[position])
            position += 1
        if passage.kind == "code":
            code_passages.insert(0, passage)
            text = ""
        else:
            text = plain(passage.text)
        sentences = read_sentences(text, code_follows=bool(code_passages))
        introduction = _introduction(sentences)
        examples = [_example(source, one, introduction, explained) for one in code_passages]
        yield Excerpt(
            source=source,
            heading=clean_line(plain(passage.heading)),
            text=text,
            sentences=sentences,
            examples=tuple(example for example in examples if example),
            emphasised=emphasised(passage.text) if passage.kind == "text" else (),
            place=place,
            rank=rank,
        )


def is_worth_showing(example: Example) -> bool:
    """Tell whether an example is more than a line or a fragment: a session, or a program of three lines."""
    return is_session(example.code) or (compiles(example.code) and example.code.count("\n") >= 2)


def read_brief(brief: Brief) -> list[Excerpt]:
    """Return everything of the brief that a lesson can use, in the brief's order, repetitions left out."""
    excerpts: list[Excerpt] = []
    seen: set[tuple[str, ...]] = set()
    for rank, source in enumerate(brief.sources):
        for excerpt in _excerpts_of(source, rank):
            content = (excerpt.text, *(example.code for example in excerpt.examples))
            if (excerpt.sentences or excerpt.examples) and content not in seen:
                seen.add(content)
                excerpts.append(excerpt)
    return excerpts
