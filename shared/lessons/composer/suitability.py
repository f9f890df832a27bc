"""Which code examples suit a lesson: those that need no more than its level and its words bring along."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from shared.lessons.composer.material import Example, Excerpt
from shared.lessons.gates import Assignment
from shared.lessons.gates.instructions import is_about_models
from shared.models.curriculum import Tier
from shared.models.learner import SkillLevel
from shared.models.research import Brief
from shared.models.specification import LessonSpecification
from shared.security.addressed import speaks_to_a_model
from shared.text.constructs import constructs
from shared.text.stems import search_tokens

# What is met late; a lesson that is not about it has to do without.
_LATE = frozenset(
    search_tokens(
        "class async coroutine await yield generator decorator lambda nonlocal starred metaclass pattern"
    )
)
_LATE_PAGES = frozenset(
    search_tokens("coroutines asyncio async await metaclass emulating customizing special lambda descriptors")
)
_special_name = re.compile(r"\b__(?!name__|main__)\w+__\b")
# A call of something private to the module: a beginner can neither see nor run it.
_helper = re.compile(r"(?<![\w.])_[a-z]\w*[(.]")
_your_prompt = re.compile(r"\byour (?:system |hidden )?prompts?\b", re.IGNORECASE)
_TOLERATED = {SkillLevel.BEGINNER: 0, SkillLevel.INTERMEDIATE: 4, SkillLevel.ADVANCED: 99}
_MOST_LINES = {SkillLevel.BEGINNER: 16, SkillLevel.INTERMEDIATE: 24, SkillLevel.ADVANCED: 40}


def suitable(excerpts: Iterable[Excerpt], specification: LessonSpecification) -> list[Excerpt]:
    """Return the excerpts without the examples, and for beginners without the pages, that come too early."""
    asked = frozenset(
        search_tokens(" ".join((specification.module_title, specification.title, *specification.objectives)))
    )
    level = specification.curriculum.level
    if not is_about_models(Assignment(specification, Brief(sources=[], reports=[]), Tier.EXTRACTIVE)):
        excerpts = [_without_instructions(one) for one in excerpts]
    kept = [one for one in excerpts if level is not SkillLevel.BEGINNER or not comes_too_early(one, asked)]
    return [
        replace(excerpt, examples=tuple(one for one in excerpt.examples if suits(one, asked, level)))
        for excerpt in kept
    ]


def _without_instructions(excerpt: Excerpt) -> Excerpt:
    """Return an excerpt without what speaks to a language model: no learner is meant by it.

    With such a sentence goes what follows it, which may carry the order on, and each example that holds one.
    """
    kept = tuple(takewhile(lambda sentence: not _is_hostile(sentence.text), excerpt.sentences))
    examples = tuple(one for one in excerpt.examples if not _is_hostile(one.code))
    if len(kept) == len(excerpt.sentences) and len(examples) == len(excerpt.examples):
        return excerpt
    return replace(excerpt, sentences=kept, examples=examples)


def _is_hostile(text: str) -> bool:
    return _your_prompt.search(text) is not None or speaks_to_a_model(text)


def comes_too_early(excerpt: Excerpt, asked: frozenset[str]) -> bool:
    """Tell whether an excerpt rests on what no beginner knows and the lesson does not speak of."""
    title = set(search_tokens(excerpt.source.title))
    return bool((title & _LATE_PAGES) - asked) or bool(set(_special_name.findall(excerpt.text)) - asked)


def _is_method(code: str) -> bool:
    """Tell whether code is a method without its class."""
    return code.startswith(("def ", "@")) and re.search(r"\bself\.", code) is not None


def suits(example: Example, asked: frozenset[str], level: SkillLevel) -> bool:
    """Tell whether an example needs no more than the lesson's words (`asked`) and its level bring along."""
    late = _LATE.intersection(search_tokens(constructs(example.code))) - asked
    special = set(_special_name.findall(example.code)) - asked
    is_named = bool(asked.intersection(search_tokens(example.heading)))
    is_long = example.code.count("\n") >= _MOST_LINES[level]
    needs_others = level is SkillLevel.BEGINNER and (
        _helper.search(example.code) is not None or (_is_method(example.code) and not is_named)
    )
    return len(late) + len(special) <= _TOLERATED[level] and (is_named or not is_long) and not needs_others
