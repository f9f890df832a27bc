"""Splitting any script's text into comparable tokens.

A token is a normalised word (NFKC, case folded, a plural's "s" dropped), or, in scripts that are written
without spaces, each pair of neighbouring characters, which is what search engines index there (Lucene's CJK
analyser).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

# Words that tell nothing about a text's subject. Left out on purpose: words that are keywords of programming
# languages ("for", "while", "in", "not", "with"), which are the very subject of many lessons; their frequency
# already lowers their weight.
_STOP_WORD_TABLE = """
    a an the of to that these those there it its he she they their we our you your my
    be am are was were been being has have had does did will would shall should can could may might must
    by at on into about than then so such also some any each both other more most very just only
    which what who whom whose how why when where
    der die das den dem des ein eine einen einem einer eines und oder ist sind zu zum zur von mit auf im am es
    le la les un une des du de et ou est sont au aux en par pour sur dans que qui ce cette ces
    el los las una unos unas es son al por para con se lo su sus como
"""
STOP_WORDS = frozenset(_STOP_WORD_TABLE.split())

# Han, Hiragana, Katakana, Hangul; Thai, Lao, Myanmar, Khmer: written without spaces, or with few.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003134f"
)
_unspaced_run = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
_is_unspaced = re.compile(f"[{UNSPACED}]")


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    """Letters, digits, underscores and the marks that belong to them; "c++" and "c#" keep their signs.

    `\\w` alone breaks words of Indic and Arabic scripts at their vowel signs.
    """
    marks = "".join(
        chr(code)
        for code in range(0x300, min(0x3100, sys.maxunicode))
        if unicodedata.category(chr(code))[0] == "M"
    )
    return re.compile(f"[\\w{marks}]+(?:\\+\\+|#)?")


def _singular(word: str) -> str:
    """Return an English word without its plural ending: Harman's S-stemmer (1991), three rules.

    Used on both sides of a comparison, so that an odd result ("lens" as "len") does no harm.
    """
    if len(word) < 4:
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss", "__")):
        return word[:-1]
    return word


def tokenise(text: str) -> list[str]:
    """Return the tokens of a text in their order, stop words left out, repetitions kept."""
    tokens: list[str] = []
    for word in _word_pattern().findall(unicodedata.normalize("NFKC", text).casefold()):
        for run in _unspaced_run.findall(word):
            if not _is_unspaced.match(run):
                if run not in STOP_WORDS:
                    tokens.append(_singular(run))
            elif len(run) == 1:
                tokens.append(run)
            else:
                tokens.extend(run[start : start + 2] for start in range(len(run) - 1))
    return tokens
