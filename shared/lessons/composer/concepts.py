"""Key concepts: sentences of the sources that define a term, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.lessons.composer.material import Excerpt, Sentence, clean_line
from shared.lessons.composer.quoting import may_quote_at_length
from shared.lessons.composer.readable import ELLIPSIS, stands_alone, word_count
from shared.lessons.phrases import primary_language
from shared.models.specification import normalise
from shared.text.stems import search_tokens

_TERM = r"(?P<term>[^,.;:()]{2,48}?)(?:\s+\([^()]{1,80}\))?,?"
# By language: a sentence that begins with a term and says what it is. What follows the verb must open a noun
# phrase or a purpose, so that "Lists are often slow" defines nothing.
_definitions = {
    "en": rf"""^(?:An?\s|The\s)?{_TERM}
        \s(?P<verb>is|are|was|were|refers?\sto|means?|denotes?|represents?|consists?\sof)
        \s(?:(?:usually|generally|simply|always|often|basically|also)\s)?
        (?P<rest>(?:an?|the|any|one|two|used\s(?:to|for|as|when|with)|those|special|ordered|unordered|finite|immutable
            |mutable|collections?|sequences?|functions?|objects?|types?)\b.*)""",
    "de": rf"""^(?:Eine?\s|Der\s|Die\s|Das\s|Als\s)?{_TERM}
        \s(?P<verb>ist|sind|war|waren|bezeichnet|bedeutet|beschreibt)
        \s(?P<rest>(?:eine?[nrms]?|der|die|das|jede[rs]?)\b.*)""",
    "fr": rf"""^(?:Une?\s|Le\s|La\s|Les\s|L['’])?{_TERM}
        \s(?P<verb>est|sont|était|désigne|désignent|signifie)\s(?P<rest>(?:une?|le|la|les|l['’]|des?)\s?.*)""",
    "es": rf"""^(?:Una?\s|El\s|La\s|Los\s|Las\s)?{_TERM}
        \s(?P<verb>es|son|era|designa|significa)\s(?P<rest>(?:una?|el|la|los|las)\b.*)""",
    "ja": r"^(?P<term>[^、。（(]{2,24}?)(?:[（(][^）)]*[）)])?(?P<verb>とは)(?P<rest>.*)",
    "zh": r"^(?P<term>[^，。（(]{2,16}?)(?:[（(][^）)]*[）)])?(?P<verb>是)(?P<rest>.*)",
}
_patterns = {
    language: re.compile(pattern, re.IGNORECASE | re.VERBOSE) for language, pattern in _definitions.items()
}
_called = re.compile(
    r"\b(?:are|is)(?: also)? (?:called|known as|termed) (?:an? |the )?"
    r"[“*]?(?P<term>[a-z-]+(?: [a-z-]+){0,2}?)[”*]?"
    r"(?=[.,;]| \(| if | when |$)"
)
_no_name = re.compile(
    r"^(?:with|when|by|for|to|in|on|as|if|after|before|and|or|from|at|again|once|only|exactly|first)\b"
)
# "The `raise` statement raises ...": what a construct of the language does is what it is.
_does = re.compile(
    r"""^(?:The|An?)\ (?P<term>(?:`[^`]{1,30}`|[a-z-]+)\ (?:\([^()]{1,30}\)\ )?
        (?:statement|operator|clause|function|method|expression|keyword|module|decorator|block)s?)
        (?:\ \([^()]{1,60}\))?,?\ (?P<verb>(?!has|was|uses|does)[a-z]{3,}(?:s|es))\ (?P<rest>.+)""",
    re.VERBOSE,
)
# What a thing does, or what is done with it, tells what it is only where the lesson asks for that thing.
_says = re.compile(
    rf"""^(?:An?\s|The\s)?{_TERM}
        \s(?:always\s|usually\s)?(?P<verb>defines?|describes?|specif(?:y|ies)|provides?|allows?|returns?|yields?|binds?|creates?|executes?
            |evaluates?|introduces?|indicates?|holds?|contains?|converts?|assigns?|compares?|causes?|makes?|lets?
            |raises?|accepts?|takes?|supports?|implements?|produces?|tests?|selects?|measures?|computes?|matches)
        \s(?P<rest>(?:an?|the|any|one|two|its|all|each|whether|if|for|objects?|\w+s)\b.*)
    |^(?:An?\s|The\s)?(?P<term2>[^,.;:()]{{2,48}}?)\s(?P<verb2>is|are|can\sbe|may\sbe)
        \s(?P<rest2>(?!called|known|said|also|not)(?:\w+ly\s)?\w+ed\b.*)""",
    re.IGNORECASE | re.VERBOSE,
)
# An entry of reference documentation: the name in code, a colon, what it does.
_glossary = re.compile(r"^`(?P<term>[\w.]+)(?P<call>\([^`]*\))?`: (?P<rest>\w.*)")
# "The word lexical refers to": the term is what is named so.
_named = re.compile(r"^(?:word|term|name|expression|keyword)\s+(?=\S)", re.IGNORECASE)
# What points back within a definition: alone, it defines nothing.
_leans_back = re.compile(r"\bthis (?:problem|case|reason|purpose|behaviou?r|way|form)\b", re.IGNORECASE)
# A command of a debugger and its short form: "s(tep)".
_abbreviated = re.compile(r"[a-z]{1,2}\([a-z]{1,9}\)")
_verbs_of_kind = frozenset(
    {"is", "are", "was", "were", "ist", "sind", "war", "waren", "est", "sont", "es", "son"}
)
_not_a_term = re.compile(
    r"""^(?:this|these|that|those|it|its|they|there|here|he|she|we|you|each|every|all|some|many|most|both|one|two|three|
        any|no|none|other|another|such|if|when|while|where|what|which|who|how|why|because|since|although|though|as|
        for|in|on|at|by|to|from|with|after|before|note|same|only|not|first|second|third|last|next|following|above|
        value\sof|
        dies\w*|es|sie|man|wenn|alle|viele|il|elle|on|si|ce|cela|este|esta|esto|si|cuando)\b
    |^(?:results?|examples?|default|reason|purpose|difference|idea|goal|main|rest|number|values?
        |returned\ \w+)$
    |\bof\ the\b|\b(?:that|which|who|if|when|while|because|is|are|was|were|has|have|can|may|must|should|will
        |would|there|always|never|not|does|do|did|only|usually|then|underlying|returned|given|dass|wenn|que|qui|cuando)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_MAX_TERM_WORDS = 4
_ALWAYS = 5
_NEAR_BEST = 0.35
# A short sentence on what a thing does tells too little of what it is.
_LEAST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Concept:
    """A term, the sentence that defines it, and where that stands.

    `rest` is what follows the term; `says_kind` tells whether it says what kind of thing the term is.
    """

    term: str
    sentence: str
    rest: str
    says_kind: bool
    excerpt: Excerpt
    strength: float
    verb: str = ""
    is_code: bool = False

    @property
    def quoted(self) -> str:
        """The sentence as a quotation of its own."""
        return self.sentence

    @property
    def meaning(self) -> str:
        """What the sentence says of the term, verbatim and without it; "" where it cannot be told apart."""
        tells_apart = self.rest in self.sentence and self.rest != self.sentence
        return self.rest if tells_apart or self.is_code else ""

    @property
    def opening(self) -> str:
        """The sentence's words before what it says of the term."""
        return self.sentence.removesuffix(self.rest).rstrip() if self.meaning else ""

    @property
    def tokens(self) -> frozenset[str]:
        """The term's tokens."""
        return frozenset(search_tokens(self.term))


def find_concepts(excerpts: Iterable[Excerpt], wanted: Sequence[str], limit: int) -> list[Concept]:
    """Return the best definitions among excerpts (by relevance, best first), one per term.

    `wanted` are the tokens of the lesson's objectives: terms that the lesson asks for come first.
    """
    found: dict[str, Concept] = {}
    asked = set(wanted)
    for place, excerpt in enumerate(excerpts):
        if not may_quote_at_length(excerpt.source):
            continue
        for number, sentence in enumerate(excerpt.sentences):
            concept = _concept(
                excerpt, sentence, asked, nearness=1 / (1 + place) + (0.3 if number == 0 else 0)
            )
            if concept is None:
                continue
            key = " ".join(sorted(concept.tokens)) or normalise(concept.term)
            if key not in found or found[key].strength < concept.strength:
                found[key] = concept
    ranked = sorted(found.values(), key=lambda concept: -concept.strength)[:limit]
    return [
        concept
        for place, concept in enumerate(ranked)
        if place < _ALWAYS or concept.strength >= _NEAR_BEST * ranked[0].strength
    ]


def _concept(excerpt: Excerpt, sentence: Sentence, asked: set[str], nearness: float) -> Concept | None:
    definition = read_definition(sentence, primary_language(excerpt.source.language))
    definition = definition or _about_the_heading(excerpt, sentence)
    if definition is None:
        definition = _said_of_what_is_asked(sentence, asked, primary_language(excerpt.source.language))
    if definition is None or not 4 <= word_count(sentence.text) <= 45 or _leans_back.search(definition.rest):
        return None
    term = tidy_term(definition.term, excerpt)
    emphasised = normalise(term) in {normalise(text) for text in excerpt.emphasised}
    tokens = set(search_tokens(term))
    asked_for = 1.5 * len(tokens & asked) / max(1, len(tokens))
    reads_without = definition.is_entry and stands_alone(definition.rest)
    sentence_text = definition.rest if reads_without else sentence.text
    strength = nearness + definition.strength + asked_for + 0.6 * emphasised
    return Concept(
        term,
        sentence_text,
        definition.rest,
        definition.says_kind,
        excerpt,
        strength,
        definition.verb,
        definition.is_entry,
    )


@dataclass(frozen=True, slots=True)
class Definition:
    """What a sentence says of a term; `strength` is how surely it defines it.

    `is_entry` tells that the term stands before the sentence proper, as in a glossary.
    """

    term: str
    rest: str
    says_kind: bool
    strength: float
    is_entry: bool = False
    verb: str = ""


def read_definition(sentence: Sentence, language: str) -> Definition | None:
    """Return the definition that a sentence is, or nothing."""
    text = sentence.text
    if not stands_alone(text) or text.endswith(":") or ELLIPSIS in text:
        return None
    glossary = _glossary.match(text)
    if glossary:
        name = glossary["term"] + ("()" if glossary["call"] else "")
        if glossary["call"] and _abbreviated.fullmatch(glossary["term"] + glossary["call"]):
            name = glossary["term"] + glossary["call"]
        return Definition(name, glossary["rest"], says_kind=False, strength=0.0, is_entry=True)
    match = _patterns[language].match(text) if language in _patterns else None
    if match is None and language == "en":
        match = _does.match(text)
    if match is None:
        return _called_definition(text) if language == "en" else None
    term = _named.sub("", _bare(match["term"]))
    is_name_of_code = match["term"].startswith(("`", '"'))
    is_term = len(term.split()) <= _MAX_TERM_WORDS and (is_name_of_code or not _not_a_term.search(term))
    if not is_term or not search_tokens(term):
        return None
    verb = match["verb"]
    return Definition(term, match["rest"], verb.casefold() in _verbs_of_kind, strength=0.6, verb=verb)


def _said_of_what_is_asked(sentence: Sentence, asked: set[str], language: str) -> Definition | None:
    """Read a sentence as a definition that says what a thing does, if the lesson asks for the thing."""
    text = sentence.text
    if language != "en" or not stands_alone(text) or text.endswith(":") or ELLIPSIS in text:
        return None
    match = _says.match(text)
    if match is None:
        return None
    number = "" if match["term"] else "2"
    term = _bare(match[f"term{number}"])
    tokens = set(search_tokens(term))
    if (
        word_count(text) < _LEAST_WORDS
        or not tokens & asked
        or len(term.split()) > _MAX_TERM_WORDS
        or _not_a_term.search(term)
    ):
        return None
    return Definition(
        term, match[f"rest{number}"], says_kind=False, strength=0.2, verb=match[f"verb{number}"]
    )


def _called_definition(text: str) -> Definition | None:
    """Read a sentence that ends in the name of what it describes: "... is called an iterator"."""
    match = _called.search(text)
    if match is None or _no_name.match(match["term"]) or match.start() < 15:
        return None
    return Definition(match["term"], text, says_kind=False, strength=0.4)


def _about_the_heading(excerpt: Excerpt, sentence: Sentence) -> Definition | None:
    """Read the first sentence under a heading as the explanation of what the heading names."""
    text, term = sentence.text, _bare(excerpt.heading or excerpt.title)
    is_first = sentence is excerpt.sentences[0] and stands_alone(text) and not text.endswith(":")
    tokens = search_tokens(term)
    if not is_first or not 1 <= len(term.split()) <= _MAX_TERM_WORDS or not tokens or ELLIPSIS in text:
        return None
    name = re.sub(r"^(?:The|An?) ", "", term)
    opening = rf"(?:(?:The|An?) )?(?:[\w-]+ )?{re.escape(name)}s?(?![\w’'])"
    if not re.match(opening, _bare(text), re.IGNORECASE):
        return None
    return Definition(name, text, says_kind=False, strength=0.0)


def _bare(term: str) -> str:
    """Return a term, or the start of a sentence, without quotation marks and backticks."""
    return clean_line(re.sub(r"[\"“”«»„`]|(?<!\w)'|'(?!\w)", "", term), 120)


def tidy_term(term: str, excerpt: Excerpt) -> str:
    """Return a term in lower case where only its place at a sentence's start gave it a capital."""
    first, _, rest = term.partition(" ")
    if primary_language(excerpt.source.language) == "de":
        return term
    if not rest and not re.search(rf"(?<!\w){re.escape(term.lower())}(?!\w)", excerpt.text):
        return term
    is_plain_word = (
        first[:1].isupper() and first[1:].islower() and not any(part[:1].isupper() for part in rest.split())
    )
    return f"{first.lower()} {rest}".strip() if is_plain_word else term
