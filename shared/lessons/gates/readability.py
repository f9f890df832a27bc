"""Readability: how hard the sentences are, as a band for each level; code is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.lessons.gates.gate import Assignment, Finding, nothing
from shared.lessons.gates.repetition import sections_text
from shared.lessons.phrases import primary_language
from shared.models.content import LessonContent
from shared.models.learner import SkillLevel
from shared.text.sentences import split_sentences

_LEAST_WORDS = 60
_LEAST_EASE = {SkillLevel.BEGINNER: 40.0, SkillLevel.INTERMEDIATE: 25.0, SkillLevel.ADVANCED: 10.0}
"""The lower edge of each level's band; there is no upper one: nobody minds a text that is easy to read."""
_word = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class _Formula:
    """Reading ease = base - words * words per sentence - syllables * syllables per word."""

    base: float
    words: float
    syllables: float


# Flesch (1948); Amstad (1978) for German; Kandel and Moles (1958) for French; Fernández Huerta (1959) for
# Spanish; Flesch-Vacca (1986) for Italian.
_FORMULAS = {
    "en": _Formula(206.835, 1.015, 84.6),
    "de": _Formula(180.0, 1.0, 58.5),
    "fr": _Formula(207.0, 1.015, 73.6),
    "es": _Formula(206.84, 1.02, 60.0),
    "it": _Formula(206.0, 1.0, 65.0),
}


def measure(content: LessonContent, assignment: Assignment) -> Finding:
    """Give the Flesch reading ease of the sections, where there is a formula for the language."""
    curriculum = assignment.specification.curriculum
    language = primary_language(curriculum.language)
    ease = reading_ease(sections_text(content), language)
    if ease is None:
        return nothing("No formula for this language, or too little text.")
    least = _LEAST_EASE[curriculum.level]
    reason = (
        f"Reading ease {ease:.0f}; for the level “{curriculum.level.value}” at least {least:.0f} is wanted."
    )
    return Finding(ease, ease >= least, reason)


def reading_ease(text: str, language: str) -> float | None:
    """Return the reading ease from 0 to 100; None without a formula or with fewer than 60 words."""
    formula = _FORMULAS.get(language)
    words = _word.findall(text)
    if formula is None or len(words) < _LEAST_WORDS:
        return None
    sentences = sum(
        len(_word.findall(sentence)) > 1 for line in text.split("\n") for sentence in split_sentences(line)
    )
    syllables = sum(syllable_count(word, language) for word in words)
    ease = (
        formula.base
        - formula.words * len(words) / max(sentences, 1)
        - formula.syllables * syllables / len(words)
    )
    return round(min(max(ease, 0.0), 100.0), 1)


def syllable_count(word: str, language: str) -> int:
    """Estimate the syllables of a word by its groups of vowels; in English no silent final "e" counts."""
    word = word.casefold()
    groups = len(re.findall(r"[aeiouyäöüàâáéèêëíîïóôúûùœæ]+", word))
    if language == "en" and word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1:
        groups -= 1
    return max(groups, 1)
