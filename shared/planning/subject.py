"""What a goal is about: "I want to learn Python, please!" and "python" are one subject.

A pure function, bounded in the length that it reads. It takes apart how a goal is put and knows a few names;
what the goal means is for a planner to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.models.specification import normalise
from shared.planning.goals.ambiguity import choose
from shared.planning.goals.certainty import PRONOUNS, is_plain_subject
from shared.planning.goals.language import guess_language
from shared.planning.goals.names import canonical_name
from shared.planning.goals.phrases import ARTICLES, ENDINGS, FOCUS, FOCUS_FIRST, LEADS, OPENINGS
from shared.planning.goals.privacy import (
    PERSONAL_TAIL,
    mentions,
    personal_words,
    without_instructions,
    without_introductions,
    without_words,
)
from shared.planning.goals.spelling import corrected
from shared.planning.goals.text import MAX_GOAL_CHARACTERS, has_words, plain, trimmed, without_addresses
from shared.text.sentences import split_sentences

MAX_SUBJECT_CHARACTERS = 80
MAX_FOCUS_CHARACTERS = 80
NOTHING_TO_LEARN = 'Say what you want to learn, for example "Python" or "photography".'

# Each round takes at least one character away.
_MAX_ROUNDS = MAX_GOAL_CHARACTERS
_BEGINS = re.compile(r"(?:to )?(?:learn|lern|study|master|understand|teach)\b", re.IGNORECASE)
# Longer than a year: whose number it is, nobody knows.
_NUMBER = re.compile(r"\d{5,}")


@dataclass(frozen=True, slots=True)
class GoalInterpretation:
    """What a goal was taken to mean.

    `subject` is the form to show, `normalised_subject` the one to compare; `focus` narrows the subject,
    normalised and often empty; `language` is a guess at what the goal is written in. `alternatives` are other
    subjects that the same name can mean, `misspelt` is what was written where a spelling mistake was mended.
    `certain` is false where someone who understands sentences should read the goal again.
    """

    subject: str
    normalised_subject: str
    focus: str
    language: str
    alternatives: tuple[str, ...] = ()
    misspelt: str = ""
    certain: bool = True

    def in_words(self) -> str:
        """Return the interpretation as a text for the learner."""
        text = f"Learn {self.subject}" + (f", with a focus on {self.focus}." if self.focus else ".")
        if self.misspelt:
            text += f" “{self.misspelt}” was read as {self.subject}."
        if self.alternatives:
            text += " If you meant something else, send one of the alternatives as the subject."
        return text


def interpret_goal(goal: str, industry: str = "") -> GoalInterpretation:
    """Return subject, focus and language of a goal; the learner's industry helps with ambiguous names.

    Interpreting the subject again gives the same subject. Raises ValueError, with a text for a person, for a
    goal that names nothing.
    """
    text = plain(goal)
    read = _read(text)
    name = trimmed(read.subject)
    choice = choose(name, text, industry)
    correction = None if choice else corrected(name)
    known = choice.subject if choice else correction or canonical_name(name)
    subject = known or _shown(name)
    alternatives = choice.alternatives if choice else (_shown(name),) if correction else ()
    return GoalInterpretation(
        subject=subject,
        normalised_subject=normalise(subject),
        focus=read.focus,
        language=guess_language(text),
        alternatives=alternatives,
        misspelt=name if correction else "",
        certain=known is not None or (read.whole and is_plain_subject(name, read.focus)),
    )


def interpret_subject(subject: str) -> GoalInterpretation:
    """Return the interpretation of what the learner names as the subject: taken as it is, nothing is offered.

    Raises ValueError for a text that names nothing.
    """
    text = plain(subject)
    read = _read(text)
    shown = canonical_name(read.subject) or _shown(read.subject)
    return GoalInterpretation(shown, normalise(shown), read.focus, guess_language(text))


def impersonal(title: str) -> str:
    """Return a title as it is, but for what speaks of a learner; raises ValueError if nothing is left."""
    whole = " ".join(title.split())
    text = without_addresses(whole)
    text = " ".join(_impersonal(text, personal_words(text).words).split())
    if not has_words(text):
        raise ValueError(NOTHING_TO_LEARN)
    return text if text == whole else trimmed(text)


def interpret_focus(focus: str, goal: str) -> str:
    """Return a focus that the learner names beside a goal, normalised; empty if it speaks of the learner."""
    return _focus(plain(focus).replace("\n", " "), personal_words(plain(goal)).words)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What stands in a goal; not `whole` if a part of it had to be passed over."""

    subject: str
    focus: str
    whole: bool


def _read(text: str) -> _Reading:
    """Return what a cleaned text names, without anything that speaks of the learner."""
    personal = personal_words(text)
    sentences = _candidates(text)
    # An employer's name may be the subject itself: "I work at Salesforce and want to learn Salesforce".
    for private in (personal.names | personal.employers, personal.names):
        for sentence in sentences:
            said = without_instructions(without_introductions(sentence))
            subject, focus = _reduced_fully(said, private)
            if has_words(subject):
                led = len(sentences) == 1 or any(lead.search(sentence) for lead in LEADS)
                return _Reading(subject, _focus(focus, private), led and said == sentence and not private)
    raise ValueError(NOTHING_TO_LEARN)


def _candidates(text: str) -> list[str]:
    """Return the sentences that may name the subject, most likely first.

    Before all others are those that say "I want to learn ...", then those that begin with "Learn ...".
    """
    sentences = [sentence for line in text.splitlines() for sentence in split_sentences(line)]
    return sorted(
        sentences,
        key=lambda sentence: (
            not any(lead.search(sentence) for lead in LEADS),
            _BEGINS.match(sentence) is None,
        ),
    )


def _reduced_fully(text: str, private: frozenset[str]) -> tuple[str, str]:
    """Take away everything around the subject until nothing changes; return the subject and its focus."""
    subject, focus = text, ""
    for _ in range(_MAX_ROUNDS):
        cleaned = trimmed(plain(subject).replace("\n", " "))
        reduced, narrowed = _reduced(cleaned)
        if reduced == cleaned:
            reduced = _bounded(_impersonal(cleaned, private))
        if reduced == subject:
            break
        subject, focus = reduced, narrowed or focus
    return subject, focus


def _impersonal(text: str, private: frozenset[str]) -> str:
    """Return a subject without its clauses and names that speak of the learner; known names stay."""
    if canonical_name(text):
        return text
    cut = PERSONAL_TAIL.sub("", text)
    cut = without_instructions(without_introductions(cut if has_words(cut) else text))
    return without_words(cut, private | personal_words(cut).words)


def _reduced(text: str) -> tuple[str, str]:
    """Take away one thing from around the subject; return what is left, and the focus if that was it."""
    if canonical_name(text):
        return text, ""
    for lead in LEADS:
        match = lead.search(text)
        if match:
            return _without_article(text[match.end() :]), ""
    for opening in OPENINGS:
        match = opening.match(text)
        if match:
            return _without_article(text[match.end() :]), ""
    for ending in ENDINGS:
        match = ending.search(text)
        if match:
            return text[: match.start()], ""
    return _split(text)


def _without_article(text: str) -> str:
    text = trimmed(text)
    for article in ARTICLES:
        match = article.match(text)
        if match:
            return text[match.end() :]
    return text


def _split(text: str) -> tuple[str, str]:
    """Part the subject from its focus; a part without words is no part."""
    for pattern in FOCUS_FIRST:
        match = pattern.search(text)
        if match and has_words(text[: match.start()]) and has_words(text[match.end() :]):
            return text[match.end() :], text[: match.start()]
    for pattern in FOCUS:
        match = pattern.search(text)
        if match and has_words(text[: match.start()]) and has_words(text[match.end() :]):
            return text[: match.start()], text[match.end() :]
    return text, ""


def _bounded(text: str) -> str:
    """Cut a long text after a comma, else between words, else anywhere."""
    if len(text) <= MAX_SUBJECT_CHARACTERS:
        return text
    clause = text.partition(",")[0]
    if has_words(clause) and len(clause) <= MAX_SUBJECT_CHARACTERS:
        return clause
    cut = text[:MAX_SUBJECT_CHARACTERS]
    return trimmed(cut.rpartition(" ")[0]) or trimmed(cut)


def _focus(text: str, private: frozenset[str]) -> str:
    """Return the focus, normalised; empty if it speaks of the learner: a focus is part of what is shared."""
    text = trimmed(text)
    for ending in ENDINGS:
        text = ending.sub("", text)
    if PRONOUNS.search(text) or mentions(text, private | personal_words(text).words):
        return ""
    focus = normalise(trimmed(without_instructions(text)))
    if _NUMBER.search(focus):
        return ""
    focus = normalise(corrected(focus) or focus)
    if len(focus) > MAX_FOCUS_CHARACTERS:
        focus = trimmed(focus[:MAX_FOCUS_CHARACTERS].rpartition(" ")[0])
    return focus if has_words(focus) else ""


def _shown(text: str) -> str:
    """Return a subject as a title: with a capital, unless its first word has one elsewhere; not shouted."""
    shown = text
    if text.split(maxsplit=1)[0].islower():
        shown = text[0].upper() + text[1:]
    if shown.isupper() and any(len(word) > 5 for word in shown.split()):
        shown = shown[0] + shown[1:].lower()
    return shown if normalise(shown) == normalise(text) and len(shown) == len(text) else text
