"""Terms that a sentence can be asked for: what kind each is of and where it stands."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.lessons.composer.material import Excerpt
from shared.models.specification import normalise
from shared.text.stems import search_tokens
from shared.text.tokens import STOP_WORDS

_code_span = re.compile(
    r"`(?P<a>[^`\n]{1,40})`|(?<!\w)\"(?P<b>[^\"\s]{1,40})\"(?!\w)|(?<![\w.])(?P<c>\w+(?:\.\w+)*\(\))"
)
_year = re.compile(r"(?<![\w.,-])(?:1[5-9]\d\d|20\d\d)(?![\w%]|[.,]\d)")
_name = re.compile(
    r"(?<=[a-zà-ÿ,)] )[A-Z][\w’-]*[a-z](?: (?:of the |of |de |von )?[A-Z][\w’-]+){0,2}(?! [A-Z])"
)
_noun = re.compile(
    r"\b(?:an?|the|each|every|any|its|their) (?P<term>[a-z]{4,}(?:-[a-z]+)?(?: [a-z]{4,}){0,2}?)"
    r"(?= (?:of|is|are|was|were|in|on|to|that|which|and|or|for|with|by|can"
    r"|may|has|have|must|will|when|if|as|from|into|returns?)\b|[,.;:)])"
)
_no_noun = re.compile(
    r"\b(?:that|this|which|these|those|there|than|then|when|with|from|into|over|only|same|such|other|must|will|have"
    r"|been|being|were|does|more|most|some|both|also|very|first|last|next|given|used|used|using|called)\b|ly\b"
)
_german_noun = re.compile(r"(?<=[\w,;:)] )[A-ZÄÖÜ][a-zäöüß-]{3,}")
_romance_noun = re.compile(
    r"\b(?:un|une|le|la|les|des|du|una|el|los|las|del) (?P<term>[a-zà-ÿ]{4,})(?= |[,.;:)])", re.IGNORECASE
)
_kanji = re.compile(r"[\u4e00-\u9fff]{2,6}")
_katakana = re.compile(r"[\u30a0-\u30ff]{3,12}")
_call = re.compile(r"[\w.]+\(\)")
_dunder = re.compile(r"__\w+__(?:\(\))?")
_error = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning|Iteration|Exit|Interrupt)")
_identifier = re.compile(r"[A-Za-z_][\w.]*")
# Shown first where several terms of a sentence can be asked for.
_WEIGHTS = {
    "concept": 4.0,
    "keyword": 3.0,
    "error": 3.0,
    "call": 2.8,
    "dunder": 2.8,
    "constant": 2.4,
    "name": 2.2,
    "phrase": 1.8,
}
_KEYWORD_GROUPS = (
    "if elif else while for match case try except finally with",
    "break continue pass return yield raise assert del",
    "global nonlocal import from as",
    "def class lambda async await",
    "and or not in is",
)
_ERRORS = """
    AttributeError ImportError IndexError KeyError NameError OSError OverflowError RuntimeError SyntaxError
    TypeError ValueError ZeroDivisionError StopIteration AssertionError RecursionError
"""
_CONSTANTS = frozenset({"True", "False", "None", "NotImplemented", "Ellipsis"})


@dataclass(frozen=True, slots=True)
class Term:
    """A word or words of a text as they stand there, and what kind of term they are."""

    text: str
    kind: str

    @property
    def weight(self) -> float:
        """How good a question it makes: concepts and code before common nouns, figures last."""
        return _WEIGHTS.get(self.kind, 1.0 if self.kind != "year" else 0.8)

    @property
    def shape(self) -> tuple[str, bool, bool, int]:
        """What gives a wrong option away at a glance: kind, capital, plural, number of words."""
        is_plural = (
            self.kind in {"noun", "phrase", "concept"}
            and self.text.endswith("s")
            and not self.text.endswith("ss")
        )
        return self.kind, self.text[:1].isupper(), is_plural, min(3, len(self.text.split()))


# Terms of one family: the wrong options that a learner would mix up with the right one.
WELL_KNOWN: tuple[frozenset[Term], ...] = (
    *(frozenset(Term(name, "keyword") for name in group.split()) for group in _KEYWORD_GROUPS),
    frozenset(Term(name, "error") for name in _ERRORS.split()),
    frozenset(Term(name, "constant") for name in ("True", "False", "None", "NotImplemented", "Ellipsis")),
)


def _code_kind(text: str) -> str:
    if keyword.iskeyword(text) or text in {"match", "case", "type"}:
        return "constant" if text in _CONSTANTS else "keyword"
    for pattern, kind in (
        (_dunder, "dunder"),
        (_call, "call"),
        (_error, "error"),
        (_identifier, "identifier"),
    ):
        if pattern.fullmatch(text):
            return "constant" if text in _CONSTANTS else kind
    return ""


def _code_terms(text: str) -> Iterator[Term]:
    for match in _code_span.finditer(text):
        span = match["a"] or match["b"] or match["c"]
        if len(span) > 1 and (kind := _code_kind(span)):
            yield Term(span, kind)


def _prose_terms(text: str, language: str) -> Iterator[Term]:
    prose = _code_span.sub(lambda match: "_" * len(match.group()), text)
    for match in _year.finditer(prose):
        yield Term(match.group(), "year")
    nouns = {"en": _noun, "fr": _romance_noun, "es": _romance_noun}.get(language)
    if nouns:
        for match in nouns.finditer(prose):
            if not _no_noun.search(match["term"]):
                yield Term(match["term"], "phrase" if " " in match["term"] else "noun")
    if language == "de":
        for match in _german_noun.finditer(prose):
            yield Term(match.group(), "noun")
    else:
        for match in _name.finditer(prose):
            yield Term(match.group(), "name")
    for pattern, kind in ((_kanji, "kanji"), (_katakana, "katakana")):
        for match in pattern.finditer(prose):
            yield Term(match.group(), kind)


def terms_of(text: str, language: str, concepts: Iterable[str]) -> list[Term]:
    """Return the distinct terms of a text; `concepts` are the lesson's own, matched as whole words."""
    found: dict[str, Term] = {}
    for concept in concepts:
        match = re.search(rf"(?<!\w){re.escape(concept)}(?!\w)", text, re.IGNORECASE)
        if match:
            found.setdefault(normalise(concept), Term(match.group(), "concept"))
    for term in (*_code_terms(text), *_prose_terms(text, language)):
        if normalise(term.text) not in STOP_WORDS and search_tokens(term.text):
            found.setdefault(normalise(term.text), term)
    return list(found.values())


def count_terms(excerpts: Iterable[Excerpt], language: str, concepts: list[str]) -> dict[Term, int]:
    """Return every term of the excerpts with the number of excerpts that hold it, in order of appearance."""
    counts: dict[Term, int] = {}
    for excerpt in excerpts:
        for term in terms_of(excerpt.text, language, concepts):
            counts[term] = counts.get(term, 0) + 1
    nouns = {
        token for term in counts if term.kind in {"noun", "concept"} for token in search_tokens(term.text)
    }
    return {term: count for term, count in counts.items() if _is_phrase(term, count, nouns)}


def _is_phrase(term: Term, count: int, nouns: set[str]) -> bool:
    """Tell whether a phrase is one: it is used again, or it ends in what stands elsewhere as a noun."""
    if term.kind != "phrase":
        return True
    last = term.text.rpartition(" ")[2]
    return count >= 2 or (not last.endswith("s") and bool(nouns.intersection(search_tokens(last))))
