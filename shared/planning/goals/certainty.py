"""Whether a goal can be read without a language model: known names and plain, short subjects can."""

from __future__ import annotations

import re
import unicodedata

MOST_WORDS = 4
MOST_LETTERS = 40
# Han, kana, Hangul and Thai say in a dozen letters what takes four words elsewhere.
MOST_DENSE_LETTERS = 14
MOST_FOCUS_WORDS = 8
_DENSE = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")

PRONOUNS = re.compile(
    r"\b(?:i|i'm|i'd|i've|me|my|myself|us|our|mich|mir|mein\w*|uns|unser\w*|ich|moi|mon|ma|mes|je|mí|mi|mis|mim|meu"
    r"|minha|mio|mia|eu|yo|io|я|меня|мой|моей)\b|[我私僕]",
    re.IGNORECASE,
)
"""Words by which a text speaks of the one who wrote it."""
_clause = re.compile(
    r"\b(?:because|but|that|which|who|what|when|where|why|if|since|want|wants|need|needs|would|should|could|can"
    r"|don't|can't|not|am|is|are|was|were|have|has|had|will|wanna|something|stuff|things?|better|weil|aber|dass"
    r"|wenn|will|möchte|kann|que|qui|mais|pero|quiero|veux|quero|voglio|хочу|чтобы)\b",
    re.IGNORECASE,
)


def is_plain_subject(subject: str, focus: str) -> bool:
    """Tell whether a text is a subject and nothing else: a few words that make no sentence."""
    if PRONOUNS.search(subject) or _clause.search(subject):
        return False
    dense = any(unicodedata.name(letter, "").startswith(_DENSE) for letter in subject)
    few = len(subject) <= (MOST_DENSE_LETTERS if dense else MOST_LETTERS)
    return few and len(subject.split()) <= MOST_WORDS and len(focus.split()) <= MOST_FOCUS_WORDS
