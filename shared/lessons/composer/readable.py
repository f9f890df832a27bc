"""Which sentences of a source read well on their own, and what must be left out of them.

Leaving out is always visible (`[…]`), so that every stretch between two such marks is verbatim.
"""

from __future__ import annotations

import re

from shared.text.stems import search_tokens

ELLIPSIS = "[…]"
MAX_CHARACTERS = 600
MAX_WORDS = 60

# Roles, substitutions, templates, entities, tags, table rulers, grammar productions: a text that holds one
# was not written for the eye of a reader.
_leftover = re.compile(
    r"""::|\{\{|\}\}|\[\[|\]\]|\|\||--\||\+--|={4,}|\*{4,}|~{4,}|:\w+:`|&\#?\w{2,8};|</?[A-Za-z!][^>]*>|\\\w+\{|^\||\|$""",
    re.VERBOSE,
)
_code = re.compile(r"``.+?``|`[^`\n]+`|(?<!\w)\"[^\"\n]{1,80}\"(?!\w)")

# A pointer to a place that the quotation does not bring along: an aside (cut out) or the sentence itself.
_SEE = "(?:see|siehe|voir|véase)"
_PLACE = r"""(?:sections?|chapters?|tables?|figures?|footnotes?|notes?|appendix|appendices|Abschnitt|Kapitel
    |Tabelle|Abbildung|tableau|chapitre|sección|tabla|figura)"""
_aside = re.compile(
    rf"""\s*\((?:see|see\ also|cf\.|siehe|s\.|voir|véase|ver|described\ in|as\ described|discussed\ in
        |as\ defined\ in)        \b[^()]*\)
    |\s*\([^()]*\b{_SEE}\ (?:also\ |the\ )?(?:section\b|[A-Z])[^()]*\)
    |\s*[;,–—]\s*{_SEE}\s(?:also\s)?[^.;()]*(?=[.;])""",
    re.IGNORECASE | re.VERBOSE,
)
_dangling = re.compile(
    rf"""^{_SEE}\b
    |^(?:for\ )?(?:more|further|full|additional)\ (?:information|details?)\b
    |\b(?:{_SEE}|see\ also|refer\ to|(?:described|discussed|documented|defined|listed|given|shown)\ in|in)
        \ (?:the\ |this\ |section\ |die\ |der\ |le\ |la\ |el\ )*{_PLACE}\b
    |\b(?:following|next|previous|preceding|last|below|above|this|these|same|folgende[nrs]?|suivante?s?|siguientes?)
        \ (?:\w+\ )?{_PLACE}\b
    |\b(?:see|listed|described|shown|given|discussed|mentioned|explained|defined|illustrated|noted|documented)
        \ (?:as\ )?(?:above|below|later|earlier|here)\b
    |\b(?:above|below)\ (?:example|code|definition|list|description|rules?|syntax|productions?)\b
    |\b(?:described|documentation|documented|discussed|details?|information|definition)
        \ (?:in|of|for|on|about)\ (?:the\ )?(?:[\w.\"`]+\ ){{0,5}}
        (?:section|documentation|documents?|chapter|reference)\b
    |\bare\ (?:described|documented|discussed|explained)\ (?:with|by|under)\b
    |\bcan\ be\ found\ (?:in|at|under|on)\b
    |\bsee\ (?:also\ )?(?:PEP|RFC|the|[A-Z\"`*“])
    |\b(?:siehe|weiter)\ (?:oben|unten)\b|\bci-dessous\b|\bci-dessus\b|\bmás\ (?:abajo|arriba)\b
    |\b(?:the|these)\ (?:grammar|productions?|syntax)\ (?:above|below|for)\b
    |\b(?:as\ follows|the\ following|like\ this|folgendermaßen)[.:]$
    |\bindicated\ by\ these\ productions\b""",
    re.IGNORECASE | re.VERBOSE,
)
_address = re.compile(r"\w://|\bwww\.|\"\S*`\S*\"|\"\S+\"\w")
_history = re.compile(
    r"""^(?:Changed|New|Added|Deprecated|Removed)\ (?:in|since)\b|^Raises\ an\ auditing\ event
    |^Chapter\b|^(?:Availability|Note|Notes|See\ also|Source\ code|CPython\ implementation\ detail)\s*:""",
    re.IGNORECASE | re.VERBOSE,
)
# Words at a sentence's start that lean on the sentence before.
_leaning = re.compile(
    r"""^[(\["'“«„`]*(?:
        this|these|those|that|it|its|they|their|them|he|she|his|her|such|both|either|neither|another|others?
        |however|therefore|thus|hence|also|but|and|or|nor|so|yet|otherwise|then|instead|moreover|furthermore
        |else|additionally|consequently|similarly|likewise|conversely|finally|again|still|note|hint|here|there
        |for\ (?:example|instance|this|these)
        |in\ (?:this|that|these|those|such|other|either|addition|contrast|particular
            |the\ (?:latter|former|second|first))
        |as\ (?:a\ (?:result|consequence)|such|well|before|above)|on\ the\ other\ hand
        |an?\ similar|the\ (?:latter|former|same|second|third|other|above|following|example)
        |to\ illustrate|(?:use|at|by|with)\ this|after\ (?:this|that)|if\ (?:so|not|it|they|this|that)
        |when\ (?:this|it|they)|(?:one|some|all|each|both|none)\ of\ (?:these|them|those)
        |dies(?:e[rsmn]?)?|es|sie|er|dabei|dadurch|daher|deshalb|jedoch|allerdings|außerdem|ferner|somit|hierbei|auch
        |il|elle|ils|elles|cela|ceci|cette|cet|ces|ainsi|toutefois|cependant|mais|donc
        |este|esta|estos|estas|esto|eso|ello|ellos|ellas|sin\ embargo|además|también|pero
        |por\ (?:ello|tanto|ejemplo)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_terminated = re.compile(r"[.!?。！？][\"'”’»)\]」』`]*$")
_wide = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff]")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("“", "”"), ("«", "»"))


def without_code(text: str) -> str:
    """Return a text with its code spans and short quoted pieces blanked, for checks of prose only."""
    return _code.sub("_", text)


def cut_asides(sentence: str) -> str:
    """Return a sentence with asides such as "(see section 6.2)" replaced by a visible mark."""
    return _aside.sub(f" {ELLIPSIS}", sentence)


def word_count(text: str) -> int:
    """Return the number of words; in scripts without spaces, two characters count as one."""
    wide = len(_wide.findall(text))
    return len(_wide.sub(" ", text).split()) + wide // 2 if wide else len(text.split())


def is_readable(sentence: str, least_words: int = 4) -> bool:
    """Tell whether a sentence is whole, free of markup and leads nowhere outside the quotation."""
    prose = without_code(sentence)
    return (
        least_words <= word_count(sentence) <= MAX_WORDS
        and len(sentence) <= MAX_CHARACTERS
        and bool(_terminated.search(sentence))
        and _starts_well(sentence)
        and all(prose.count(first) == prose.count(last) for first, last in _PAIRS)
        and prose.count("`") == 0
        and prose.count('"') % 2 == 0
        and not _leftover.search(prose)
        and not _dangling.search(prose)
        and not _history.search(sentence)
        and not _address.search(sentence)
    )


def introduces_code(sentence: str) -> bool:
    """Tell whether a sentence ends in a colon and would be readable with a full stop in its place.

    It may be as short as "Usage:", since the code says the rest.
    """
    return sentence.endswith(":") and is_readable(
        re.sub(r"(?:[,;]? (?:e\.g\.|as follows|like this))?:$", ".", sentence), least_words=1
    )


def stands_alone(sentence: str) -> bool:
    """Tell whether a sentence makes sense without the one before it."""
    leans = _leaning.match(sentence) or sentence.startswith(("(", "[")) or ELLIPSIS in sentence[:2]
    return not leans


def _starts_well(sentence: str) -> bool:
    first = sentence.lstrip("\"'“«„(`[‘")[:1]
    return (
        bool(first)
        and (first.isalnum() or first == "_" or first in "¿¡")
        and not _starts_mid_sentence(sentence)
    )


def _starts_mid_sentence(sentence: str) -> bool:
    """A plain lower-case word at the start is a fragment; a name of code ("range() returns") is not."""
    first = sentence.split(maxsplit=1)[0]
    return first[0].islower() and first.isalpha()


def same_words(first: str, second: str) -> bool:
    """Tell whether two short texts hold the same tokens ("List" and "lists")."""
    return sorted(search_tokens(first)) == sorted(search_tokens(second))
