"""What a goal is about: "I want to learn Python, please!" and "python" are one subject.

A pure function, bounded in the length that it reads. It takes apart how a goal is put and knows a few names;
what the goal means is for a planner to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.models.specification import normalise
from shared.planning.goals.language import guess_language
from shared.planning.goals.names import canonical_name
from shared.planning.goals.phrases import ARTICLES, ENDINGS, FOCUS, FOCUS_FIRST, LEADS, OPENINGS
from shared.planning.goals.text import MAX_GOAL_CHARACTERS, has_words, plain, trimmed
from shared.text.sentences import split_sentences

MAX_SUBJECT_CHARACTERS = 100
MAX_FOCUS_CHARACTERS = 80
NOTHING_TO_LEARN = 'Say what you want to learn, for example "Python" or "photography".'

# Each round takes at least one character away.
_MAX_ROUNDS = MAX_GOAL_CHARACTERS
_personal = re.compile(
    r"\b(?:i|me|my|myself|us|our|mich|mir|mein\w*|uns|unser\w*|moi|mon|ma|mes|mí|mi|mis|mim|meu|minha|mio|mia"
    r"|я|меня|мой|моей)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GoalInterpretation:
    """What a goal was taken to mean.

    `subject` is the form to show, `normalised_subject` the one to compare; `focus` narrows the subject,
    normalised and often empty; `language` is a guess at what the goal is written in.
    """

    subject: str
    normalised_subject: str
    focus: str
    language: str


def interpret_goal(goal: str) -> GoalInterpretation:
    """Return subject, focus and language of a goal.

    Interpreting the subject again gives the same subject. Raises ValueError, with a text for a person, for a
    goal that names nothing.
    """
    text = plain(goal)
    subject, focus = "", ""
    for sentence in _candidates(text):
        subject, focus = _reduced_fully(sentence)
        if has_words(subject):
            break
    if not has_words(subject):
        raise ValueError(NOTHING_TO_LEARN)
    shown = canonical_name(subject) or _shown(subject)
    return GoalInterpretation(
        subject=shown,
        normalised_subject=normalise(shown),
        focus=_focus(focus),
        language=guess_language(text),
    )


def _candidates(text: str) -> list[str]:
    """Return the sentences that may name the subject, most likely first: those that say "I want to learn"."""
    sentences = [sentence for line in text.splitlines() for sentence in split_sentences(line)]
    return sorted(sentences, key=lambda sentence: not any(lead.search(sentence) for lead in LEADS))


def _reduced_fully(text: str) -> tuple[str, str]:
    """Take away everything around the subject until nothing changes; return the subject and its focus."""
    subject, focus = text, ""
    for _ in range(_MAX_ROUNDS):
        cleaned = trimmed(plain(subject).replace("\n", " "))
        reduced, narrowed = _reduced(cleaned)
        if reduced == cleaned:
            reduced = _bounded(cleaned)
        if reduced == subject:
            break
        subject, focus = reduced, narrowed or focus
    return subject, focus


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


def _focus(text: str) -> str:
    """Return the focus, normalised; empty if it speaks of the learner: a focus is part of what is shared."""
    text = trimmed(text)
    for ending in ENDINGS:
        text = ending.sub("", text)
    if _personal.search(text):
        return ""
    focus = normalise(trimmed(text))
    if len(focus) > MAX_FOCUS_CHARACTERS:
        focus = trimmed(focus[:MAX_FOCUS_CHARACTERS].rpartition(" ")[0])
    return focus if has_words(focus) else ""


def _shown(text: str) -> str:
    """Return a subject as a title: with a capital, unless its first word has one elsewhere; not shouted."""
    shown = text
    if text.split(maxsplit=1)[0].islower():
        shown = text[0].upper() + text[1:]
    if shown.isupper() and len(shown) > 5:
        shown = shown[0] + shown[1:].lower()
    return shown if normalise(shown) == normalise(text) and len(shown) == len(text) else text
